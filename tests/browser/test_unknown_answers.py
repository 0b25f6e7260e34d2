"""Tests of the ways to people below an answer that did not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import CHAT_CALL, PHONE, Chat, stream

pytestmark = pytest.mark.browser

NOBODY = {"available": False, "state": "none", "name": None}
CONTACT = {"fields": ["email"], "required": ["email"], "consent": "", "before": False}


def test_an_answer_that_does_not_know_leads_to_a_person(
    page: Page, serve: Callable[..., Any], standin: StandinProcess
) -> None:
    standin.script(Answer("I can't say when we open.\n[[unanswered]]"), Answer("At eight."))
    page.goto(serve("uvicorn", SITECHAT_BROWSER_PEOPLE="1").url)
    chat = Chat(page)
    chat.launcher.click()
    chat.button("Accept and continue").click()
    chat.ask("When do you open?")
    message = page.locator(".message.assistant").first
    offer = message.get_by_role("button", name="Talk to a person")
    expect(offer).to_have_count(1)
    expect(chat.input).to_be_focused()  # the offer does not take the focus
    message.get_by_role("button", name="Bad answer").click()
    expect(offer).to_have_count(1)  # a thumb down does not offer it again
    page.reload()
    chat.open_if_closed()
    chat.ask("And today?")
    expect(page.locator(".message.assistant .offer")).to_have_count(1)
    offer.click()
    expect(chat.panel.get_by_text("Waiting for a person…")).to_be_visible()
    expect(offer).to_be_hidden()


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_without_a_person_it_leads_to_the_contact_form(
    options: dict[str, Any], open_page: Callable[..., Page], site: str
) -> None:
    page = open_page(**options)
    state: dict[str, Any] = {
        "conversation": None,
        "messages": [],
        "running": None,
        "greeting": "Hello",
    }
    services: dict[str, Any] = {
        "suggestions": [],
        "person": NOBODY,
        "contact": CONTACT,
        "consent": None,
    }
    events = ({"reply": "r", "message": "m"}, {"t": "I don't know."}, {"offer": "help"})
    body = stream(*events, {"done": "complete"})

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(body=body, headers={"Content-Type": "text/event-stream"})
        else:
            route.fulfill(json={**state, **services})

    page.route(CHAT_CALL, answer)
    page.goto(site)
    chat = Chat(page)
    chat.ask("When do you open?")
    offer = page.locator(".message.assistant .offer")
    expect(offer).to_have_text("Leave your contact details")
    expect(page.get_by_label("E-mail")).to_be_hidden()  # nothing opens by itself
    offer.click()
    expect(page.get_by_label("E-mail")).to_be_focused()
