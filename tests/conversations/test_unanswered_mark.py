"""Tests of the final line of answers that lack what was asked for, from Claude to the visitor."""

from __future__ import annotations

import pytest

from sitechat.claude.prompt_notes import UNANSWERED
from sitechat.models import Message
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor, text_of


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
