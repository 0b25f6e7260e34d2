"""Tests of consent, the contact form, questions before a tool runs, and people of the site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import PHONE, Chat, stream

pytestmark = pytest.mark.browser

CONTACT = {"fields": ["email", "name"], "required": ["email"], "consent": "Write to me."}
ANYBODY = {"available": True, "state": "none", "name": None}
ANN = {"available": True, "state": "joined", "name": "Ann"}
QUESTION = {"id": "k", "tool": "cancel_order", "text": "Cancel order A-1042?"}


def message(key: str, role: str, text: str, **more: Any) -> dict[str, Any]:
    base = {"id": key, "role": role, "text": text, "status": "complete", "rating": 0}
    return {**base, "sources": [], "citations": [], **more}


ASKED = [message("m", "user", "Cancel it."), message("r", "assistant", "Well.", confirm=QUESTION)]
UNKNOWN = [message("m", "user", "Bikes?"), message("r", "assistant", "I don't know.")]


class Site:
    """What the server says of a conversation, and the calls that it gets."""

    def __init__(self, page: Page, messages: list[dict[str, Any]], **services: Any) -> None:
        self.messages = messages
        self.services = {"person": ANYBODY, "contact": CONTACT, "consent": None, **services}
        self.news: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str, Any]] = []
        page.route(re.compile("/api/chat/"), self.answer)

    def answer(self, route: Route) -> None:
        request = route.request
        path = re.sub(r".*/api/chat/([^?]*).*", r"\1", request.url)
        if request.method == "GET" and not path:
            history = {"conversation": "c", "messages": self.messages, "running": None}
            route.fulfill(json={**history, "greeting": "", "suggestions": [], **self.services})
        elif path == "updates/":
            news, self.news = self.news, []
            body = {"cursor": "1", "messages": news, "person": self.services["person"]}
            route.fulfill(json=body)
        else:
            self.calls.append((request.method, path, json.loads(request.post_data or "null")))
            self.reply(route, path)

    def reply(self, route: Route, path: str) -> None:
        if path == "person/":
            state = "waiting" if route.request.method == "POST" else "none"
            self.services["person"] = {**ANYBODY, "state": state}
            route.fulfill(status=202, json={"person": self.services["person"]})
            return
        body = stream({"message": "n"}, {"status": "person", "text": "…"}, {"done": "person"})
        route.fulfill(body=body, headers={"Content-Type": "text/event-stream"})


@pytest.fixture
def meet(page: Page, site: str) -> Callable[..., tuple[Chat, Site]]:
    """Return a function that opens the chat of a site with these messages and services."""

    def start(messages: list[dict[str, Any]], **services: Any) -> tuple[Chat, Site]:
        fake = Site(page, messages, **services)
        page.goto(site)
        chat = Chat(page)
        chat.launcher.click()
        return chat, fake

    return start


def test_a_visitor_consents_leaves_a_contact_and_asks_for_a_person(
    page: Page, serve: Callable[..., Any], standin: StandinProcess
) -> None:
    offer = {"name": "offer_contact_form", "input": {}}
    standin.script(Answer("Let me see.", tool_use=[offer]), "Use the form.")
    page.goto(serve("uvicorn", SITECHAT_BROWSER_PEOPLE="1").url)
    chat = Chat(page)
    chat.launcher.click()
    expect(chat.panel.get_by_text("We keep what you write.")).to_be_visible()
    expect(chat.input).to_be_hidden()
    chat.button("Accept and continue").click()
    expect(page.get_by_role("group", name="We keep what you write.")).to_be_hidden()
    expect(chat.input).to_be_focused()
    chat.ask()
    expect(page.get_by_label("E-mail")).to_be_visible()
    expect(chat.input).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    chat.button("Contact us").click()
    page.get_by_role("menuitem", name="Leave your contact details").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.get_by_label("E-mail").fill("ann@localdomain")
    page.get_by_label("You may write to me.").check()
    chat.button("Send details").click()
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Enter a valid email address.")).to_be_visible()
    page.get_by_label("E-mail").fill("ann@example.org")
    page.get_by_label("E-mail").press("Enter")
    expect(chat.panel.get_by_text("We have received your details.")).to_be_visible()
    chat.button("Bad answer").click()
    chat.panel.locator(".feedback").get_by_role("button", name="Talk to a person").click()
    expect(chat.panel.get_by_text("Waiting for a person…")).to_be_visible()
    page.reload()
    chat.open_if_closed()
    chat.button("Stop waiting").click()
    expect(chat.panel.get_by_text("Waiting for a person…")).to_be_hidden()


def test_a_tool_runs_after_the_visitor_agreed_by_keyboard(
    page: Page, serve: Callable[..., Any], standin: StandinProcess
) -> None:
    cancel = {"name": "cancel_order", "input": {"number": "A-1042"}}
    standin.script(Answer("I can do that.", tool_use=[cancel]), "It is cancelled.")
    page.goto(serve("uvicorn", SITECHAT_BROWSER_PEOPLE="1").url)
    chat = Chat(page)
    chat.launcher.click()
    chat.button("Accept and continue").click()
    chat.send("Cancel my order A-1042.")
    card = page.get_by_role("group", name="Cancel order A-1042?")
    expect(card).to_be_visible()
    page.reload()
    card.get_by_role("button", name="Yes, go ahead").focus()
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="No, don't")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(chat.answers).to_have_text([re.compile(r"I can do that\.\s*It is cancelled\.")])
    expect(card).to_be_hidden()
    expect(chat.input).to_be_focused()
    chat.finished()


def test_a_person_joins_writes_and_leaves(meet: Callable[..., tuple[Chat, Site]]) -> None:
    chat, site = meet(UNKNOWN, contact=None)
    chat.button("Talk to a person").click()
    expect(chat.panel.get_by_text("Waiting for a person…")).to_be_visible()
    chat.button("Close the chat").click()
    site.services["person"] = ANN
    site.news = [message("a", "agent", "We **do**.", name="Ann")]
    expect(chat.page.locator(".badge")).to_have_text("1")
    chat.page.locator(".launcher").click()
    expect(chat.panel.get_by_text("Ann has joined.")).to_be_visible()
    expect(chat.page.locator(".agent .content strong")).to_have_text("do")
    chat.send("Thanks!")
    expect(chat.questions).to_have_text(["Bikes?", "Thanks!"])
    expect(chat.input).to_have_attribute("placeholder", "Write to Ann…")
    assert site.calls[-1][2]["message"] == "Thanks!"
    site.services["person"] = {**ANYBODY, "state": "closed"}
    expect(chat.panel.get_by_text("Ann has left. The assistant answers again.")).to_be_visible()
    expect(chat.input).to_have_attribute("placeholder", "Ask a question…")


@pytest.mark.parametrize(
    ("options", "language"),
    [
        pytest.param({}, "en", id="light", marks=pytest.mark.long),
        pytest.param(
            {**PHONE, "color_scheme": "dark"}, "en", id="dark phone", marks=pytest.mark.long
        ),
        pytest.param({"viewport": {"width": 320, "height": 480}}, "ar", id="rtl, small"),
    ],
)
@pytest.mark.long
def test_axe_finds_nothing_in_any_card(
    options: dict[str, Any],
    language: str,
    open_page: Callable[..., Page],
    site: str,
    axe: Callable[[Page], list[str]],
) -> None:
    page = open_page(reduced_motion="reduce", locale=language, **options)
    fake = Site(page, ASKED, person=ANN)
    found: dict[str, list[str]] = {}

    def look(state: str, shown: str) -> None:
        expect(page.locator(shown).first).to_be_visible()
        found[state] = axe(page)

    page.goto(site)
    page.locator(".launcher").click()
    look("confirmation", ".confirm")
    look("person", ".person")
    page.locator(".person .secondary").click()
    page.locator(".help").click()
    look("menu", ".menu")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".contact .primary").click()
    look("contact", ".contact .wrong")
    fake.services["consent"] = {"required": True, "given": False, "text": "We keep it."}
    page.reload()
    page.evaluate("document.querySelector('site-chat').open()")
    look("consent", ".consent")
    assert {state: problems for state, problems in found.items() if problems} == {}
