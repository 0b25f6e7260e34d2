"""Tests of the final line of answers that lack what was asked for, from Claude to the visitor."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.claude.prompt_notes import UNANSWERED
from sitechat.models import Message
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor, text_of, value_of


def replies() -> list[tuple[str, bool | None]]:
    rows = Message.objects.replies().order_by("created")
    return list(rows.values_list("text", "did_not_know"))


def test_the_mark_is_stored_but_never_shown(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer(f"Ask Ann.\n\n{UNANSWERED}"), Answer("At 8."))
    assert text_of(visitor.ask("Where is the key?")) == "Ask Ann."
    assert text_of(visitor.ask("When do you open?")) == "At 8."
    assert replies() == [("Ask Ann.", True), ("At 8.", None)]
    history = claude_standin.requests[-1].body["messages"]
    assert UNANSWERED not in str(history)


@pytest.mark.parametrize("text", [f"Write {UNANSWERED} to me.", f"{UNANSWERED}\nAt 8."])
def test_elsewhere_it_is_text(visitor: Visitor, claude_standin: Standin, text: str) -> None:
    claude_standin.script(Answer(text))
    assert text_of(visitor.ask("When do you open?")) == text
    assert replies() == [(text, None)]


def test_the_visitors_page_is_kept_without_its_query(
    visitor: Visitor, claude_standin: Standin
) -> None:
    visitor.ask("Hi", page={"url": "https://example.org/help/?token=secret#x", "title": "Help"})
    visitor.ask("Hi", page={"url": "http://["})
    visitor.ask("Hi", page={"url": "/" + "x" * 900})
    pages = Message.objects.filter(position__in=[0, 2, 4]).order_by("position")
    assert [page and page[:10] for page in pages.values_list("page", flat=True)] == [
        "/help/",
        None,
        "/xxxxxxxxx",
    ]


@pytest.mark.parametrize("text", [f"Ask Ann.\n{UNANSWERED}", "I don't know when they open."])
def test_an_answer_that_does_not_know_offers_help(
    visitor: Visitor, claude_standin: Standin, settings: Settings, text: str
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    claude_standin.script(Answer(text), Answer("At 8."))
    first, second = visitor.ask("When do you open?"), visitor.ask("And today?")
    assert value_of(first, "offer") == "help"
    assert first.index({"offer": "help"}) < first.index({"done": "complete"})
    assert not [event for event in second if "offer" in event]
    shown = visitor.history()["messages"]
    assert [message.get("offer") for message in shown] == [None, "help", None, None]


def test_without_people_nothing_is_offered(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer(f"Ask Ann.\n{UNANSWERED}"))
    assert not [event for event in visitor.ask("Where?") if "offer" in event]
    assert "offer" not in visitor.history()["messages"][1]


def test_an_answer_that_was_cut_off_offers_no_help(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    claude_standin.script(Answer("I don't know when", stop_reason="max_tokens"))
    assert not [event for event in visitor.ask("When?") if "offer" in event]


def test_the_offer_of_claude_stays(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    tool = {"name": "offer_contact_form", "input": {}}
    claude_standin.script(Answer("", tool_use=[tool]), Answer(f"Use it.\n{UNANSWERED}"))
    assert value_of(visitor.ask("Call me"), "offer") == "contact"
