"""The Chromium of the tests, which is started once for tests that follow each other.

Starting it takes seconds. Playwright runs an event loop in the thread of the tests, in which
Django refuses access to the database, so it is stopped before the first test without a browser.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The headless shell draws no window, so that a page takes a quarter of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
DISABLED = (
    # Suggestions below the address bar, which are additional pages of every new window.
    *("WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup"),
    # The features that Playwright disables, because this list replaces Playwright's.
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades"),
    *("LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints"),
    *("PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning", "Translate"),
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(DISABLED)}",
]
_running = ExitStack()
_browsers: list[Browser] = []


def running_browser() -> Browser:
    """Return the browser, which is started if it does not run. Skip the test without Chromium."""
    if not _browsers:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        if path is None:
            pytest.skip("there is no Chromium")
        api = pytest.importorskip("playwright.sync_api")
        playwright = _running.enter_context(api.sync_playwright())
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        _running.callback(browser.close)
        _browsers.append(browser)
    return _browsers[0]


def stop_unless_used_by(item: pytest.Item | None) -> None:
    """Stop the browser, unless the next test uses it as well."""
    if not (isinstance(item, pytest.Function) and "browser" in item.fixturenames):
        _browsers.clear()
        _running.close()
