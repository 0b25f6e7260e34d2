"""Tests with missing features of browsers and pages, and with API errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import Chat

pytestmark = pytest.mark.browser


BREAK_STORAGE = """
for (const name of ["sessionStorage", "localStorage"])
    Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError") } })
"""
BREAK_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
BREAK_DIALOGS = """
delete HTMLElement.prototype.showPopover
delete HTMLElement.prototype.hidePopover
delete HTMLDialogElement.prototype.showModal
"""


@pytest.mark.parametrize("script", [BREAK_STORAGE, BREAK_CLIPBOARD, BREAK_DIALOGS])
def test_it_works_without(
    script: str, open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    page = open_page()
    page.add_init_script(script)
    standin.script("Apples.")
    page.goto(site)
    chat = Chat(page)
    chat.ask()
    chat.button("Copy").click()
    if script is BREAK_CLIPBOARD:
        expect(chat.notice).to_contain_text("could not be copied")
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()


def test_an_api_that_always_fails_is_said_once(chat: Chat) -> None:
    def fail(route: Any) -> None:
        route.fulfill(
            status=500, body="<h1>Server error</h1>", headers={"Content-Type": "text/html"}
        )

    chat.page.route("**/api/chat/**", fail)
    chat.launcher.click()
    expect(chat.notice).to_contain_text("Something went wrong")
    chat.input.fill("still here")
    expect(chat.input).to_have_value("still here")


def test_an_element_can_be_moved_doubled_and_removed(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.", "Pears.")
    chat.ask()
    chat.page.evaluate("document.querySelector('main').append(document.querySelector('site-chat'))")
    expect(chat.answers).to_have_text(["Apples."])
    chat.page.evaluate("document.body.append(document.querySelector('site-chat').cloneNode(true))")
    expect(chat.page.locator(".panel")).to_have_count(1)
    chat.ask("More?")
    chat.page.evaluate("document.querySelector('main site-chat').remove()")
    expect(chat.answers).to_have_text(["Apples.", "Pears."])


def test_in_a_sandbox_it_says_that_it_can_not_be_reached(page: Page, site: str) -> None:
    page.goto(site + "/frames/")
    page.evaluate(
        """(url) => {
            const frame = document.body.appendChild(document.createElement("iframe"))
            frame.sandbox = "allow-scripts"
            frame.src = url
            frame.width = 600
            frame.height = 600
        }""",
        site + "/framed/",
    )
    frame = page.frame_locator("iframe")
    frame.locator(".launcher").click()
    expect(frame.locator(".notice")).to_contain_text("could not be loaded")
    frame.locator(".input").fill("still here")


def test_it_works_in_a_frame(page: Page, site: str, standin: StandinProcess) -> None:
    standin.script("Apples.")
    page.goto(site + "/frames/")
    page.evaluate(
        """(url) => {
            const frame = document.body.appendChild(document.createElement("iframe"))
            frame.src = url
            frame.width = 600
            frame.height = 600
        }""",
        site + "/framed/",
    )
    frame = page.frame_locator("iframe")
    frame.locator(".launcher").click()
    frame.locator(".input").fill("What do you sell?")
    frame.locator(".input").press("Enter")
    expect(frame.locator(".assistant .content")).to_have_text("Apples.")
