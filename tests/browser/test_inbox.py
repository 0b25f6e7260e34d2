"""Tests of the admin in a browser: staff answer a visitor, and axe looks at each page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import PHONE, Chat
from tests.forks import run_django

pytestmark = pytest.mark.browser

ADMIN = "/admin/sitechat/"
CONTENT = "#content"
OURS = {"include": [CONTENT], "exclude": ["#searchbar"]}
"""The content without Django's search box, which has no label but its title."""
"""The part of a page that is ours. The admin surrounds it."""


@pytest.fixture(scope="session")
def password(environment: dict[str, str]) -> str:
    """Create the superuser `ann` in the database of the servers and return the password."""
    password = "a password"
    names = ("--username", "ann", "--email", "ann@example.org")
    variables = {**environment, "DJANGO_SUPERUSER_PASSWORD": password}
    run_django("createsuperuser", "--noinput", "-v0", *names, environ=variables)
    return password


def log_in(page: Page, site: str, password: str) -> None:
    page.goto(f"{site}/admin/login/?next={ADMIN}handoff/")
    page.locator("#id_username").fill("ann")
    page.locator("#id_password").fill(password)
    page.locator("[type=submit]").click()
    expect(page.locator(".chat-inbox")).to_be_visible()


def ask_for_a_person(chat: Chat, site: str) -> None:
    chat.page.goto(site)
    chat.launcher.click()
    chat.button("Accept and continue").click()
    chat.ask("Where can I park?")
    chat.panel.locator(".message .offer").click()


@pytest.mark.parametrize("server", ["uvicorn", pytest.param("gunicorn", marks=pytest.mark.long)])
def test_staff_answer_a_visitor_who_asked_for_a_person(
    server: str,
    open_page: Callable[..., Page],
    serve: Callable[..., Any],
    password: str,
    standin: StandinProcess,
    axe: Callable[..., list[str]],
) -> None:
    site = serve(server, SITECHAT_BROWSER_PEOPLE="1").url
    standin.script(Answer("I don't know whether one can park.\n[[unanswered]]"))
    visitor, staff = open_page(), open_page(reduced_motion="reduce")
    log_in(staff, site, password)
    chat = Chat(visitor)
    ask_for_a_person(chat, site)

    question = staff.get_by_role("link", name="Where can I park?").first
    expect(question).to_be_visible()
    expect(staff).to_have_title(re.compile(r"^\(\d+\) "))
    assert axe(staff, OURS) == []
    question.click()
    staff.get_by_role("button", name="Join the conversation").click()
    expect(chat.panel.get_by_text("Support has joined.")).to_be_visible()

    answer = staff.get_by_placeholder("Your answer")
    answer.press_sequentially("Behind the **house**.")
    expect(chat.panel.get_by_text("Support is typing")).to_be_visible()
    answer.press("Control+Enter")
    expect(visitor.locator(".agent .content strong")).to_have_text("house")
    assert visitor.locator(".assistant").last.evaluate(ROOM) < 20  # nothing is kept free in it
    expect(answer).to_have_value("")
    answer.fill("Mind the step.")
    twice = """(field) => [1, 2].forEach(() => field.dispatchEvent(
        new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true})))"""
    answer.evaluate(twice)
    expect(answer).to_have_value("")
    asked = len(standin.requests)
    chat.send("Is it free?")
    expect(staff.locator("#chat-talk").get_by_text("Is it free?")).to_be_visible()
    expect(visitor.locator(".agent .content")).to_have_text(["Behind the house.", "Mind the step."])
    assert len(standin.requests) == asked
    assert axe(staff, OURS) == []

    staff.get_by_role("button", name="Hand back to the bot").click()
    expect(chat.panel.get_by_text("Support has left.")).to_be_visible()
    expect(staff.get_by_text("The bot answers again.")).to_be_visible()


ROOM = """(message) => message.getBoundingClientRect().bottom
    - message.lastElementChild.getBoundingClientRect().bottom"""
"""The pixels below the last part of a message."""

PAGES = (
    *("handoff/", "handoff/?show=done", "conversation/", "contact/", "delivery/", "usage/"),
    *("usage/report/", "unanswered/", "approvedanswer/", "approvedanswer/add/", "bottexts/"),
    "page/",
)
LINKS = ("conversation/", "handoff/", "contact/", "delivery/")
"""Lists whose first row leads to a page of its own."""


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"locale": "en"}, id="light"),
        pytest.param(
            {"locale": "en", "color_scheme": "dark"}, id="dark", marks=pytest.mark.nightly
        ),
        pytest.param({**PHONE, "locale": "ar"}, id="rtl phone", marks=pytest.mark.nightly),
    ],
)
def test_axe_finds_nothing_in_any_page_of_the_admin(
    options: dict[str, Any],
    open_page: Callable[..., Page],
    serve: Callable[..., Any],
    password: str,
    standin: StandinProcess,
    axe: Callable[..., list[str]],
) -> None:
    site = serve("uvicorn", SITECHAT_BROWSER_PEOPLE="1").url
    standin.script(Answer("I don't know whether one can park.\n[[unanswered]]"))
    chat = Chat(open_page())
    ask_for_a_person(chat, site)
    staff = open_page(reduced_motion="reduce", **options)
    log_in(staff, site, password)
    found = {}
    for path in PAGES:
        staff.goto(f"{site}{ADMIN}{path}")
        found[path] = axe(staff, OURS)
        width = "[document.documentElement.scrollWidth, innerWidth]"
        needed, given = staff.evaluate(width)
        assert needed <= given, f"{path} scrolls sideways: {needed} pixels"
    for path in LINKS:
        staff.goto(f"{site}{ADMIN}{path}")
        link = staff.locator("#result_list tbody th a, #result_list tbody td a").first
        if link.count():
            link.click()
            expect(staff.locator(CONTENT)).to_be_visible()
            found[f"{path} one"] = axe(staff, OURS)
    assert {path: problems for path, problems in found.items() if problems} == {}
