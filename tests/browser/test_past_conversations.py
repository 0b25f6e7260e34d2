"""Tests of editing questions and of opening earlier conversations."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Request, Route, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import CHAT_CALL, Chat

pytestmark = pytest.mark.browser


def test_an_answer_is_asked_for_again(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.", "Pears.")
    chat.ask()
    chat.button("Ask again").click()
    expect(chat.answers).to_have_text(["Pears."])
    chat.finished()


def test_the_last_question_is_edited(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.", "In Ghent.", "In Bruges.")
    chat.ask()
    chat.input.fill("a draft")
    chat.button("Edit the question").click()
    expect(chat.input).to_have_value("What do you sell?")
    chat.page.keyboard.press("Escape")
    expect(chat.input).to_have_value("a draft")
    chat.button("Edit the question").click()
    chat.send("Where are you?")
    expect(chat.answers).to_have_text(["In Ghent."])
    expect(chat.questions).to_have_text(["Where are you?"])
    expect(chat.input).to_have_value("a draft")
    assert "What do you sell?" not in str(standin.requests[-1].body["messages"])


def test_a_new_conversation_keeps_the_old_one(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.", "In Ghent.", "Pears.")
    chat.ask()
    chat.button("New conversation").click()
    expect(chat.answers).to_have_count(0)
    expect(chat.page.get_by_role("button", name="Where are you?")).to_be_visible()
    chat.page.reload()
    expect(chat.page.get_by_role("button", name="Where are you?")).to_be_visible()
    chat.ask("And where are you?")
    chat.button("Your conversations").click()
    rows = chat.page.locator(".conversation .open")
    expect(rows).to_contain_text(["And where are you?", "What do you sell?"])
    expect(rows.first).to_have_attribute("aria-current", "true")
    rows.nth(1).click()
    expect(chat.answers).to_have_text(["Apples."])
    chat.page.reload()
    expect(chat.answers).to_have_text(["Apples."])
    chat.ask("What else?")
    expect(chat.answers).to_have_text(["Apples.", "Pears."])


def test_a_conversation_is_deleted_with_time_to_take_that_back(
    chat: Chat, standin: StandinProcess
) -> None:
    standin.script("Apples.")
    chat.ask()
    deleted: list[str] = []

    def watch(request: Request) -> None:
        if request.method == "DELETE":
            deleted.append(request.url)

    chat.page.on("request", watch)
    chat.button("Your conversations").click()
    chat.button("Delete “What do you sell?”").click()
    chat.button("Undo").click()
    expect(chat.page.locator(".conversation .open")).to_have_count(1)
    assert deleted == []
    chat.button("Delete “What do you sell?”").click()
    # a page does not wait when it is left
    chat.page.goto(chat.page.url + "empty/")
    chat.page.go_back()
    chat.button("Your conversations").click()
    expect(chat.page.get_by_text("There are no earlier conversations.")).to_be_visible()


@pytest.mark.long
def test_what_is_written_while_a_conversation_is_being_deleted_is_kept(
    chat: Chat, standin: StandinProcess
) -> None:
    standin.script("Apples.", "In Ghent.")
    chat.ask()
    chat.button("Your conversations").click()
    chat.button("Delete “What do you sell?”").click()
    with chat.page.expect_response(lambda response: response.request.method == "DELETE"):
        chat.button("Back to the conversation").click()
        expect(chat.answers).to_have_count(0)
        chat.ask("Where are you?")
    chat.page.reload()
    expect(chat.answers).to_have_text(["In Ghent."])


def test_a_conversation_that_is_shown_comes_back_with_undo(
    chat: Chat, standin: StandinProcess
) -> None:
    standin.script("Apples.")
    chat.ask()
    chat.button("Your conversations").click()
    chat.button("Delete “What do you sell?”").click()
    chat.button("Undo").click()
    chat.button("Back to the conversation").click()
    expect(chat.answers).to_have_text(["Apples."])


def test_earlier_messages_come_when_they_are_asked_for(chat: Chat) -> None:
    def history(route: Route) -> None:
        first = 0 if "before" in route.request.url else 50
        messages: list[dict[str, Any]] = [
            {
                "id": str(n),
                "role": ("user", "assistant")[n % 2],
                "text": f"Message {n}",
                "status": "complete",
                "created": "2026-11-25T00:00:00Z",
                "sources": [],
                "citations": [],
                "rating": 0,
            }
            for n in range(first, first + 50)
        ]
        more = {"conversation": "c", "before": "50" if first else None, "running": None}
        route.fulfill(json={"messages": messages, "greeting": "", "suggestions": [], **more})

    chat.page.route(CHAT_CALL, history)
    chat.launcher.click()
    expect(chat.questions.first).to_have_text("Message 50")
    chat.button("Show earlier messages").click()
    expect(chat.questions.first).to_have_text("Message 0")
    expect(chat.questions).to_have_count(50)
    expect(chat.button("Show earlier messages")).to_be_hidden()
