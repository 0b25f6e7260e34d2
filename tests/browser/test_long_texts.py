"""Tests of texts that are too long for the admin: they are neither sent nor lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import Chat
from tests.browser.test_inbox import ADMIN, ask_for_a_person, log_in, password

__all__ = ["password"]

pytestmark = [pytest.mark.browser, pytest.mark.long]

LENGTH = 60_000
"""More characters than any of the fields takes. Django would lose a text of 2.5 megabytes."""

ENTER = """(field) => {
    field.value = "x".repeat(%d)
    field.dispatchEvent(new Event("input", {bubbles: true}))
}"""

FORMS = (
    ("approvedanswer/add/", "#id_answer", "Save"),
    ("approvedanswer/add/", "#id_questions", "Save"),
    *(("bottexts/", f"#id_{name}", "Save") for name in ("greeting", "suggestions", "instructions")),
    ("bottexts/", "#id_instructions", "Ask with these instructions"),
    ("page/", "#chat-question", "Search"),
)


def message_of(page: Page, field: str, button: str) -> str:
    """Enter a text, send its form, and return the message of the field, which keeps the text."""
    element = page.locator(field)
    element.evaluate(ENTER % LENGTH)
    page.get_by_role("button", name=button, exact=True).first.click()
    assert element.evaluate("(field) => field.value.length") == LENGTH
    message: str = element.evaluate("(field) => field.validationMessage")
    return message


def test_a_long_text_is_refused_and_kept(
    open_page: Callable[..., Page],
    serve: Callable[..., Any],
    password: str,
    standin: StandinProcess,
) -> None:
    site = serve("uvicorn", SITECHAT_BROWSER_PEOPLE="1").url
    staff = open_page()
    log_in(staff, site, password)
    for path, field, button in FORMS:
        staff.goto(f"{site}{ADMIN}{path}")
        message = message_of(staff, field, button)
        assert "The text is too long: at most" in message, (path, field)


def test_long_answers_and_notes_are_refused_and_kept(
    open_page: Callable[..., Page],
    serve: Callable[..., Any],
    password: str,
    standin: StandinProcess,
) -> None:
    site = serve("uvicorn", SITECHAT_BROWSER_PEOPLE="1").url
    staff = open_page()
    log_in(staff, site, password)
    ask_for_a_person(Chat(open_page()), site)
    staff.get_by_role("link", name="Where can I park?").first.click()
    staff.get_by_role("button", name="Join the conversation").click()
    for field, button in (("#chat-text", "Send"), ("#chat-note", "Add the note")):
        message = message_of(staff, field, button)
        assert "at most 10000 characters fit" in message
        staff.locator(field).fill("Short.")
        staff.get_by_role("button", name=button, exact=True).click()
        expect(staff.locator(field)).to_have_value("")
    expect(staff.locator("#chat-talk").get_by_text("Short.")).to_have_count(2)
