"""Tests of accessibility: keyboard, screen readers, small screens, zoom and colours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import RICH, Chat

pytestmark = pytest.mark.browser


def test_the_keyboard_alone_can_do_all(chat: Chat, standin: StandinProcess) -> None:
    page = chat.page
    standin.script("Apples.")
    page.keyboard.press("Tab")
    for _ in range(6):
        if chat.focused() == "Open the chat":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(chat.input).to_be_focused()
    page.keyboard.type("What do you sell?")
    page.keyboard.press("Enter")
    chat.finished()
    expect(chat.input).to_be_focused()
    seen: list[str] = []
    while "Close the chat" not in seen:
        page.keyboard.press("Shift+Tab")
        seen.append(chat.focused())
        assert len(seen) < 20, seen
    assert {"Copy", "Good answer", "Bad answer", "Conversation"} <= set(seen)
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    assert chat.focused() == "Open the chat"


def test_an_answer_is_announced_once_and_whole(chat: Chat, standin: StandinProcess) -> None:
    chat.open()
    chat.page.evaluate(
        """() => {
            window.said = []
            const status = document.querySelector("site-chat").shadowRoot
                .querySelector(".root > [role=status]")
            new MutationObserver(() => status.textContent && window.said.push(status.textContent))
                .observe(status, {childList: true, characterData: true, subtree: true})
        }"""
    )
    standin.script(Answer(["We sell ", "apples."], delay=0.2))
    chat.ask()
    status = chat.page.locator(".root > [role=status]")
    expect(status).to_have_text("Ask us: We sell apples.")
    said = chat.page.evaluate("window.said")
    assert [text.strip() for text in said] == ["Ask us: We sell apples."]
    live = chat.page.locator(".list").locator("[aria-live], [role=status], [role=log]")
    expect(live).to_have_count(0)


SMALL: list[ViewportSize] = [
    {"width": 320, "height": 640},
    {"width": 640, "height": 400},
    {"width": 844, "height": 390},
]
"""A small phone, a window with a zoom of 200% and a phone in landscape."""


@pytest.mark.long
def test_nothing_is_cut_off(page: Page, site: str, standin: StandinProcess) -> None:
    page.set_viewport_size(SMALL[0])
    page.goto(site)
    chat = Chat(page)
    standin.script(RICH)
    chat.ask()
    for viewport in SMALL:
        chat.button("Close the chat").click()
        page.set_viewport_size(viewport)
        page.reload()
        chat.open()
        expect(chat.answers).to_be_visible()
        for element in (chat.input, chat.button("Send"), chat.button("Close the chat")):
            box = element.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= viewport["width"]
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= viewport["height"]
        assert chat.scroller.evaluate("(list) => list.scrollWidth <= list.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_target_is_large_enough(chat: Chat, standin: StandinProcess) -> None:
    standin.script(RICH)
    chat.ask()
    sizes = chat.panel.evaluate(
        """(panel) => [...panel.querySelectorAll("button, textarea, .sources li")]
            .filter((element) => element.offsetParent)
            .map((element) => [element.ariaLabel ?? element.textContent,
                element.offsetWidth, element.offsetHeight])
            .filter(([, width, height]) => width < 24 || height < 24)"""
    )
    assert sizes == []


def test_from_right_to_left(
    open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    page = open_page(locale="ar")
    page.goto(site)
    launcher = page.get_by_role("button", name="فتح الدردشة")
    box = launcher.bounding_box()
    assert box is not None
    assert box["x"] < 100
    launcher.click()
    panel = page.locator(".panel").bounding_box()
    close = page.get_by_role("button", name="إغلاق الدردشة").bounding_box()
    assert panel is not None
    assert close is not None
    assert close["x"] < panel["x"] + 100


def test_lists_and_tables_stay_inside_in_any_direction(
    open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    page = open_page(locale="ar")
    page.goto(site)
    standin.script("1. One\n2. Two\n\n| a | b |\n|---|---|\n| c | d |\n\n- واحد\n- اثنان")
    page.locator(".launcher").click()
    page.locator(".input").fill("?")
    page.locator(".input").press("Enter")
    expect(page.locator(".assistant .actions")).to_be_visible()
    directions = page.locator(".assistant .content").evaluate(
        "(content) => [...content.querySelectorAll('ol, table, ul')]"
        ".map((block) => [block.localName, getComputedStyle(block).direction])"
    )
    assert directions == [["ol", "ltr"], ["table", "ltr"], ["ul", "rtl"]]


def test_an_answer_has_its_own_direction(chat: Chat, standin: StandinProcess) -> None:
    standin.script("مرحبا بكم\n\nHello")
    answer = chat.ask("مرحبا")
    directions = answer.evaluate(
        "(content) => [...content.querySelectorAll('p')]"
        ".map((block) => getComputedStyle(block).direction)"
    )
    assert directions == ["rtl", "ltr"]


@pytest.mark.parametrize("attribute", ["light", "dark"])
def test_an_attribute_overrides_the_colour_scheme(
    attribute: str, open_page: Callable[..., Page], site: str
) -> None:
    page = open_page(color_scheme="dark" if attribute == "light" else "light")
    page.goto(site)
    page.evaluate(
        "(theme) => document.querySelector('site-chat').setAttribute('theme', theme)", attribute
    )
    chat = Chat(page).open()
    background = "rgb(255, 255, 255)" if attribute == "light" else "rgb(22, 24, 29)"
    expect(chat.panel).to_have_css("background-color", background)


@pytest.mark.parametrize(("accent", "text"), [("#ffe000", "black"), ("#004", "white")])
def test_text_on_the_accent_is_readable_whatever_the_accent(
    accent: str, text: str, page: Page, site: str
) -> None:
    page.goto(site)
    page.evaluate(
        "(accent) => document.querySelector('site-chat').style"
        ".setProperty('--site-chat-accent', accent)",
        accent,
    )
    channels = page.locator(".launcher").evaluate(
        """async (launcher) => {
            await Promise.all(launcher.getAnimations().map((animation) => animation.finished))
            const context = document.createElement("canvas").getContext("2d")
            context.fillStyle = getComputedStyle(launcher).color
            context.fillRect(0, 0, 1, 1)
            return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
        }"""
    )
    # Browsers compute the color in floating point, so the result may differ by one.
    assert channels == pytest.approx([0, 0, 0] if text == "black" else [255, 255, 255], abs=2)


def test_nothing_moves_where_motion_is_reduced(open_page: Callable[..., Page], site: str) -> None:
    page = open_page(reduced_motion="reduce")
    page.goto(site)
    chat = Chat(page).open()
    assert chat.panel.evaluate("(panel) => panel.getAnimations({subtree: true}).length") == 0


def test_forced_colours_keep_edges(
    open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    page = open_page(forced_colors="active")
    page.goto(site)
    chat = Chat(page)
    standin.script("Apples.")
    chat.ask()
    expect(chat.questions).to_have_css("border-style", "solid")
