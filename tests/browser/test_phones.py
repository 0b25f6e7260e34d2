"""Tests of the widget on phones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import PHONE, Chat

pytestmark = pytest.mark.browser


def resting_box(chat: Chat) -> dict[str, int]:
    """Return the position of the opened panel in whole pixels."""
    chat.panel.evaluate("(panel) => Promise.all(panel.getAnimations().map((a) => a.finished))")
    box = chat.panel.bounding_box()
    assert box is not None
    sides = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    return {name: round(value) for name, value in sides.items()}


def test_on_a_phone_it_fills_the_screen_and_keeps_the_rest_out_of_reach(
    open_page: Callable[..., Page], site: str
) -> None:
    page = open_page(**PHONE)
    page.goto(site)
    chat = Chat(page).open()
    assert resting_box(chat) == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert chat.panel.evaluate("(panel) => panel.matches(':modal')")
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()


def test_on_a_phone_it_stays_above_the_keyboard(open_page: Callable[..., Page], site: str) -> None:
    page = open_page(**PHONE)
    page.add_init_script(
        """
        const real = window.visualViewport
        const fake = new EventTarget()
        Object.defineProperties(fake, {
            height: {get: () => window.left ?? real.height},
            offsetTop: {get: () => 0},
        })
        Object.defineProperty(window, "visualViewport", {value: fake})
        """
    )
    page.goto(site)
    chat = Chat(page).open()
    page.evaluate("() => { window.left = 500; visualViewport.dispatchEvent(new Event('resize')) }")
    assert resting_box(chat)["height"] == 500
    page.set_viewport_size({"width": 1000, "height": 800})
    expect(chat.panel).to_have_css("height", "704px")


def test_on_a_phone_it_never_opens_by_itself(
    open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    page = open_page(**PHONE)
    page.goto(site)
    Chat(page).open()
    page.reload(wait_until="networkidle")
    expect(Chat(page).launcher).to_be_visible()
    expect(Chat(page).panel).to_have_count(0)
