"""Fixtures of the site tests: sites, created when a test first needs them, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sitechat.standin import StandinProcess
from tests import chromium
from tests.prepared import migrated_sqlite
from tests.servers import proxies
from tests.sites.project import Project
from tests.sites.traits import BY_NAME

SMOKE = {"plain", "SCRIPT_NAME", "strict-dynamic of django-csp", "no urls", "i18n_patterns"}
"""Sites of each run, also with the oldest Django. The other sites are for `long` tests."""

Build = Callable[[str], Project]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.servers)
            item.add_marker(pytest.mark.browser)
            callspec = getattr(item, "callspec", None)
            name = callspec.params.get("name") if callspec else None
            item.add_marker(pytest.mark.long if name and name not in SMOKE else pytest.mark.smoke)


@pytest.fixture(scope="session")
def standin_process() -> Iterator[StandinProcess]:
    with StandinProcess() as process:
        yield process


@pytest.fixture
def standin(standin_process: StandinProcess) -> Iterator[StandinProcess]:
    standin_process.clear()
    yield standin_process
    standin_process.clear()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the tables of the template's site."""
    return migrated_sqlite(tmp_path_factory)


@pytest.fixture(scope="session")
def build(
    tmp_path_factory: pytest.TempPathFactory, standin_process: StandinProcess, migrated: Path
) -> Iterator[Build]:
    """Return a function that builds and starts the site with a trait, once."""
    built: dict[str, Project] = {}
    with ExitStack() as stack:

        def start(name: str) -> Project:
            if name not in built:
                trait = BY_NAME[name]
                if not trait.possible:
                    pytest.skip(f"needs Django {'.'.join(map(str, trait.django))}")
                if trait.stripped and not proxies.installed():
                    pytest.skip("nginx is not installed")
                folder = tmp_path_factory.mktemp("site")
                project = Project(trait, folder / "site", standin_process.url)
                project.prepare(migrated)
                stack.enter_context(project.site)
                if trait.stripped:
                    nginx = proxies.Nginx(project.port, folder / "nginx", below=trait.stripped)
                    project.port = stack.enter_context(nginx).port
                built[name] = project
            return built[name]

        yield start


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    chromium.stop_unless_used_by(nextitem)


@pytest.fixture
def browser() -> Browser:
    return chromium.running_browser()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page in an English browser. Fail if it had an error."""
    context = browser.new_context(locale="en-US", viewport={"width": 1100, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    yield page
    context.close()
    assert [text for text in problems if "Failed to load resource" not in text] == []
