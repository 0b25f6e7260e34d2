"""Tests of replies that are stopped, or whose conversation is deleted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from sitechat.ledger.limits import NANO
from sitechat.models import Conversation, Counter, Message, Status, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import (
    Held,
    MakeVisitor,
    reply_url,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("quick_engine"),
]


def test_a_stopped_reply_keeps_what_was_written(held: Held, claude_standin: Standin) -> None:
    visitor, reply, rest = held
    response = visitor.stop(reply)
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["text"]) == ("stopped", "One two")
    assert b'{"done": "stopped"}' in b"".join(rest)
    assert (Message.objects.get(pk=reply).status, Message.objects.get(pk=reply).text) == (
        Status.STOPPED,
        "One two",
    )
    claude_standin.wait_for(lambda records: any(record.hung_up for record in records))
    usage = Usage.objects.get()
    assert (usage.status, usage.estimated) == (Status.STOPPED, True)
    assert usage.output_tokens > 0


@pytest.mark.parametrize(("at", "kept"), [(0, ""), (3, "One"), (7, "One two"), (10**30, "One two")])
def test_only_the_text_that_the_visitor_has_seen_is_kept(at: int, kept: str, held: Held) -> None:
    visitor, reply, _rest = held
    assert visitor.stop(reply, at=at).json()["text"] == kept
    assert visitor.texts() == ["Count", kept]


def test_a_reply_can_be_stopped_before_its_first_word(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("Hi", hold_after=0), "Next")
    visitor = live_visitor()
    reply, _rest = visitor.begin("Hello")
    claude_standin.wait_for(lambda records: any(record.held for record in records))
    assert visitor.stop(reply).json()["status"] == "stopped"
    claude_standin.wait_for(lambda records: all(record.hung_up for record in records))
    assert visitor.ask("Again")[-1] == {"done": "complete"}


@pytest.mark.parametrize(
    "silent", [Answer("Hi", hold_after=0), Answer(end="hang", before_headers=True)]
)
def test_a_stop_before_the_first_word_books_an_estimate_by_time(
    silent: Answer, live_visitor: MakeVisitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_MAX_TOKENS = 64_000  # $1.60, the larger part of the reservation
    settings.CHAT_LIMITS = {"site": ["2 usd/month"]}
    claude_standin.script(silent)
    visitor = live_visitor()
    reply, _rest = visitor.begin("Hello")
    claude_standin.wait_for(lambda records: len(records) == 1)
    visitor.stop(reply)
    usage = Usage.objects.get()
    assert usage.input_tokens > 0
    assert 0 < usage.dollars < Decimal("0.2")
    [count] = Counter.objects.all()
    assert count.reserved == 0
    assert abs(count.spent - usage.dollars * NANO) <= 10  # to which usage is rounded


def test_stopping_twice_or_too_late_changes_nothing(held: Held, claude_standin: Standin) -> None:
    visitor, reply, _rest = held
    first = visitor.stop(reply, at=3)
    second = visitor.stop(reply, at=1)
    assert (first.json(), first.status_code) == (second.json(), second.status_code)
    claude_standin.script("Hi")
    [done] = [event["reply"] for event in visitor.ask("Hello") if "reply" in event]
    assert visitor.stop(done).json()["status"] == "complete"
    assert Usage.objects.count() == 2


@pytest.mark.parametrize("at", [-1, 1.5, "3", True, [], {"x": 1}])
def test_the_offset_of_a_stop_must_be_a_number(at: Any, held: Held) -> None:
    visitor, reply, _rest = held
    response = visitor.stop(reply, at=at)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert visitor.history()["running"] == reply


def test_a_stop_needs_no_body(held: Held) -> None:
    visitor, reply, _rest = held
    assert visitor.client.generic("POST", reply_url(reply, "stop/")).json()["status"] == "stopped"


def test_a_stop_that_another_process_wrote_is_obeyed(held: Held) -> None:
    visitor, reply, rest = held
    Message.objects.filter(pk=reply).update(stop_at=3)
    assert b'{"done": "stopped"}' in b"".join(rest)
    assert visitor.texts() == ["Count", "One"]


def test_a_conversation_can_be_deleted_while_a_reply_is_written(
    held: Held, claude_standin: Standin
) -> None:
    visitor, reply, rest = held
    assert visitor.forget().status_code == 204
    assert b"[DONE]" in b"".join(rest)
    claude_standin.wait_for(lambda records: any(record.hung_up for record in records))
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert visitor.client.get(reply_url(reply)).status_code == 404
    usage = Usage.objects.get()
    assert (usage.conversation, usage.reply) == (None, None)
    assert visitor.history()["conversation"] is None


def test_a_conversation_that_somebody_else_deletes_ends_its_reply(
    held: Held, claude_standin: Standin
) -> None:
    _visitor, _reply, rest = held
    Conversation.objects.all().delete()
    assert b"[DONE]" in b"".join(rest)
    claude_standin.wait_for(lambda records: any(record.hung_up for record in records))
