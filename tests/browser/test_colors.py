"""Tests that the check of `CHAT_WIDGET["accent"]` agrees with a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from sitechat.checks.colors import is_color
from tests.checks.test_colors import COLORS, OTHER

pytestmark = pytest.mark.browser


def test_the_check_says_what_the_browser_says(browser: Browser) -> None:
    page = browser.new_page()
    # A parenthesis that is left open is closed by `supports`, but not in a style sheet.
    colors = [text for text in (*COLORS, *OTHER) if text.count("(") == text.count(")")]
    supports = "colors => colors.map(color => CSS.supports('color', color))"
    supported = dict(zip(colors, page.evaluate(supports, colors), strict=True))
    page.close()
    assert supported == {color: is_color(color) for color in colors}
