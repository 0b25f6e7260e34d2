"""Tests that axe finds no violations in any state of the chat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import CHAT_CALL, PHONE, RICH, Chat

pytestmark = pytest.mark.browser


def states(chat: Chat, standin: StandinProcess) -> Iterator[str]:
    """Show each state of the chat, in any language, and yield after each."""
    page = chat.page
    yield "closed"
    if page.locator(".launcher").count():
        page.locator(".launcher").click()
    expect(page.locator(".greeting")).to_be_visible()
    yield "greeting"
    standin.script(Answer([RICH[:100], RICH[100:]], hold_after=0))
    send(page, "What do you sell?")
    expect(page.locator(".waiting span")).not_to_be_empty()
    yield "waiting"
    standin.release()
    expect(page.locator(".assistant .actions")).to_be_visible()
    yield "answer"
    page.locator(".good").click()
    yield "comment"
    page.locator(".comment .secondary").click()
    page.locator(".past").click()
    expect(page.locator(".conversation")).to_have_count(1)
    yield "conversations"
    page.locator(".conversation .delete").click()
    yield "undo"
    page.locator(".undo").click()
    page.locator(".back").click()
    page.locator(".edit").click()
    yield "editing"
    page.keyboard.press("Escape")
    page.locator(".input").fill("x" * 2003)
    yield "too long"
    standin.script(Answer("We", end="error"))
    send(page, "And?")
    expect(page.locator(".note")).to_be_visible()
    yield "failed"
    limit = {"error": "rate_limited", "message": "Slowly.", "retry_after": 600}
    page.route(CHAT_CALL, lambda route: route.fulfill(status=429, body=json.dumps(limit)))
    send(page, "More!")
    expect(chat.notice).to_be_visible()
    yield "limit"
    if page.locator(".expand").is_visible():
        page.locator(".expand").click()
        yield "side panel"


def send(page: Page, text: str) -> None:
    page.locator(".input").fill(text)
    page.locator(".input").press("Enter")


ZOOMED = {"viewport": {"width": 320, "height": 256}}
"""A screen of 1280 by 1024 pixels with a zoom of 400%."""
VARIANTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "en": ({"locale": "en"}, "/", ""),
}
"""Options of the browser, path and root size."""
FURTHER_LANGUAGES = ("de", "fr", "es", "pt", "ja", "zh-Hans")
FURTHER_VARIANTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "ar": ({"locale": "ar"}, "/", ""),
    "dark": ({"color_scheme": "dark"}, "/header/", ""),
    "inline": ({}, "/inline/", ""),
    "dark phone": ({**PHONE, "color_scheme": "dark"}, "/", ""),
    "forced colors": ({"forced_colors": "active"}, "/", ""),
    "zoomed": (ZOOMED, "/", ""),
    "phone": (PHONE, "/", ""),
    "small root": ({}, "/", "62.5%"),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("options", "path", "root"),
    [
        *(pytest.param(*variant, id=name) for name, variant in VARIANTS.items()),
        *(
            pytest.param(*variant, id=name, marks=pytest.mark.long)
            for name, variant in FURTHER_VARIANTS.items()
        ),
        *(
            pytest.param({"locale": code}, "/", "", id=code, marks=pytest.mark.nightly)
            for code in FURTHER_LANGUAGES
        ),
    ],
)
def test_axe_finds_nothing(
    options: dict[str, Any],
    path: str,
    root: str,
    open_page: Callable[..., Page],
    site: str,
    standin: StandinProcess,
    axe: Callable[[Page], list[str]],
) -> None:
    page = open_page(reduced_motion="reduce", **options)
    page.goto(site + path)
    page.evaluate("(size) => document.documentElement.style.fontSize = size", root)
    found = {state: axe(page) for state in states(Chat(page), standin)}
    assert {state: problems for state, problems in found.items() if problems} == {}
