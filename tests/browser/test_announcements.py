"""Tests of announcements to screen readers, which are made once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import CHAT_CALL, PHONE, Chat

pytestmark = pytest.mark.browser


class Heard:
    """Return all texts of the chat's live region."""

    def __init__(self, chat: Chat) -> None:
        self.page = chat.page
        self.page.evaluate(
            """() => {
                window.said = []
                const { shadowRoot } = document.querySelector("site-chat")
                const status = shadowRoot.querySelector("[role=status]")
                new MutationObserver(() => status.textContent && said.push(status.textContent))
                    .observe(status, {childList: true, characterData: true, subtree: true})
            }"""
        )

    def wait_for(self, text: str) -> None:
        self.page.wait_for_function("(text) => said.includes(text)", arg=text)

    def texts(self) -> list[str]:
        said: list[str] = self.page.evaluate("said")
        return said


@pytest.mark.long
def test_waiting_is_said_after_a_while(chat: Chat, standin: StandinProcess) -> None:
    chat.open()
    heard = Heard(chat)
    standin.script(Answer(["Apples", "."], hold_after=0))
    chat.send("What do you sell?")
    heard.wait_for("Looking for an answer…")
    heard.wait_for("Still looking…")
    standin.release()
    heard.wait_for("Ask us: Apples.")
    assert heard.texts() == ["Looking for an answer…", "Still looking…", "Ask us: Apples."]


def test_a_stopped_answer_is_said(chat: Chat, standin: StandinProcess) -> None:
    chat.open()
    heard = Heard(chat)
    standin.script(Answer(["Apples ", "and pears"], hold_after=1))
    chat.send("What do you sell?")
    expect(chat.answers).to_contain_text("Apples")
    chat.button("Stop the answer").click()
    heard.wait_for("You stopped this answer.")
    chat.finished()
    standin.release()


@pytest.mark.long
def test_a_connection_that_is_lost_and_found_is_said_once(
    chat: Chat, standin: StandinProcess
) -> None:
    chat.open()
    heard = Heard(chat)
    attempts = 0

    def lose(route: Route) -> None:
        nonlocal attempts
        if route.request.method != "POST":
            route.continue_()
            return
        attempts += 1
        if attempts < 4:
            route.abort()
        else:
            route.continue_()

    chat.page.route(CHAT_CALL, lose)
    standin.script("Apples.")
    chat.ask()
    heard.wait_for("Ask us: Apples.")
    assert heard.texts() == [
        "The connection was lost. Trying to get it back…",
        "The connection is back.",
        "Ask us: Apples.",
    ]


def test_a_limit_is_said_with_the_time(chat: Chat) -> None:
    chat.open()
    heard = Heard(chat)
    limit = {"error": "rate_limited", "message": "Slowly.", "retry_after": 600}
    chat.page.route(CHAT_CALL, lambda route: route.fulfill(status=429, body=json.dumps(limit)))
    chat.send("What do you sell?")
    heard.wait_for("Slowly. You can write again in 10 minutes.")
    expect(chat.notice).to_contain_text("in 10 minutes")
    assert len(heard.texts()) == 1


def test_a_conversation_that_can_not_be_loaded_is_said(page: Page, site: str) -> None:
    page.route(CHAT_CALL, lambda route: route.abort())
    page.goto(site)
    chat = Chat(page).open()
    status = page.locator(".root > [role=status]")
    expect(status).to_have_text("The conversation could not be loaded.")
    expect(chat.notice).to_contain_text("The conversation could not be loaded.")


def test_the_counter_is_said_at_some_steps(chat: Chat) -> None:
    chat.open()
    heard = Heard(chat)
    for length in (1850, 1900, 1901, 1950, 1980, 1990, 2000):
        chat.input.fill("x" * length)
    heard.wait_for("0 characters left")
    assert heard.texts() == ["100 characters left", "20 characters left", "0 characters left"]


def test_a_modal_window_is_heard_too(
    open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    """Check that announcements are inside of modal dialogs, because others are not read."""
    page = open_page(**PHONE)
    page.goto(site)
    chat = Chat(page).open()
    standin.script("Apples.")
    chat.ask()
    expect(page.locator("dialog.panel:modal [role=status]")).to_have_text("Ask us: Apples.")
    chat.button("Close the chat").click()
    expect(page.locator(".root > [role=status]")).to_have_count(1)
