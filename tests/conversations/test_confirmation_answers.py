"""Tests of tools that run only after the visitor has agreed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations.open_confirmations import close_expired
from sitechat.engine import tool_rows
from sitechat.engine.tool_interface import Decision
from sitechat.models import Message, ToolState, ToolUse, Usage
from sitechat.standin import Answer, Standin
from tests import tool_bots
from tests.confirming import QUESTION, answer, begin, cancel, results
from tests.interleave import losing_once
from tests.visitor import Visitor, events_of, reply_url, text_of, value_of

pytestmark = pytest.mark.database


def writes_tool_use(sql: str) -> bool:
    return sql.startswith("UPDATE") and "sitechat_tooluse" in sql


@pytest.fixture(autouse=True)
def tool_bot(settings: Settings) -> Iterator[None]:
    """Use a bot with tools."""
    settings.CHAT_BOTS = {"default": "tests.tool_bots.ConfirmBot"}
    tool_bots.over.clear()
    tool_bots.ran.clear()
    yield
    tool_bots.over.set()


def test_nothing_happens_before_the_visitor_agreed(
    visitor: Visitor, claude_standin: Standin
) -> None:
    reply, question = begin(visitor, claude_standin)
    assert question == {"id": question["id"], "tool": "cancel_order", "text": QUESTION}
    assert tool_bots.ran == []
    assert visitor.poll(reply)["confirm"] == question
    shown = visitor.history()
    assert (shown["messages"][-1]["confirm"], shown["running"]) == (question, None)
    row = Message.objects.get(pk=reply)
    assert (row.slot, row.reserved, row.running_in) == (None, None, None)
    assert value_of(visitor.follow(reply), "confirm") == question


def test_the_reply_goes_on_after_the_visitor_agreed(
    visitor: Visitor, claude_standin: Standin
) -> None:
    reply, question = begin(visitor, claude_standin)
    response = answer(visitor, reply, question["id"])
    assert response.status_code == 200
    events = events_of(response)
    assert value_of(events, "reply") == reply
    assert text_of(events) == "\n\nIt is done."
    assert tool_bots.ran == [("A-1042", "")]
    assert results(claude_standin)[0]["content"][0]["text"].startswith("<tool_output")
    assert [record.status for record in claude_standin.requests] == [200, 200]
    assert visitor.texts()[-1] == "I can do that.\n\nIt is done."
    assert "confirm" not in visitor.history()["messages"][-1]
    use = ToolUse.objects.get()
    assert (use.state, use.decided_by, use.continuation) == (ToolState.DONE, "visitor", "")
    assert json.loads(use.arguments) == {"number": "A-1042"}
    assert use.milliseconds is not None
    assert use.result_size


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ("", {"Last-Event-ID": "0"}, "I can do that.\n\nIt is done."),
        ("?after=0", {}, "I can do that.\n\nIt is done."),
        ("", {"Last-Event-ID": "6"}, "do that.\n\nIt is done."),
        ("?after=", {}, "\n\nIt is done."),
    ],
)
def test_the_stream_begins_at_the_offset_of_the_client(
    visitor: Visitor, claude_standin: Standin, query: str, headers: dict[str, str], expected: str
) -> None:
    reply, question = begin(visitor, claude_standin)
    body = {"id": question["id"], "approve": True}
    response = visitor.post(body, reply_url(reply, f"confirm/{query}"), headers=headers)
    assert text_of(events_of(response)) == expected


def test_both_parts_are_booked_together(visitor: Visitor, claude_standin: Standin) -> None:
    counts = {"input_tokens": 100, "output_tokens": 10}
    claude_standin.script(
        Answer("Yes.", tool_use=[cancel()], usage=counts), Answer("Done.", usage=counts)
    )
    events = visitor.ask("Cancel it")
    events_of(answer(visitor, value_of(events, "reply"), value_of(events, "confirm")["id"]))
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.output_tokens) == (200, 20)


def test_a_no_is_told_to_claude(visitor: Visitor, claude_standin: Standin) -> None:
    reply, question = begin(visitor, claude_standin)
    assert events_of(answer(visitor, reply, question["id"], approve=False))[-1] == {
        "done": "complete"
    }
    assert tool_bots.ran == []
    [result] = results(claude_standin)
    assert result["is_error"] is True
    assert "did not agree" in result["content"][0]["text"]
    assert ToolUse.objects.get().state == ToolState.DECLINED


def test_an_answer_counts_once(visitor: Visitor, claude_standin: Standin) -> None:
    reply, question = begin(visitor, claude_standin)
    events_of(answer(visitor, reply, question["id"]))
    again = answer(visitor, reply, question["id"])
    assert again.status_code == 409
    assert again.json()["error"] == "already_decided"
    assert again.json()["reply"] == reply
    assert len(tool_bots.ran) == 1


def test_a_new_message_declines(visitor: Visitor, claude_standin: Standin) -> None:
    reply, question = begin(visitor, claude_standin)
    visitor.ask("Never mind. When are you open?")
    [_question, said, _newest] = claude_standin.requests[-1].body["messages"]
    assert "did not agree in time, so it was not done" in said["content"][0]["text"]
    assert answer(visitor, reply, question["id"]).status_code == 409
    assert tool_bots.ran == []
    assert all("confirm" not in message for message in visitor.history()["messages"])
    assert ToolUse.objects.get().state == ToolState.DECLINED


def test_no_answer_in_five_minutes_is_a_no(visitor: Visitor, claude_standin: Standin) -> None:
    reply, question = begin(visitor, claude_standin)
    ToolUse.objects.update(created=timezone.now() - timedelta(minutes=5))
    row = Message.objects.get(pk=reply)
    row.confirm = {**(row.confirm or {}), "until": timezone.now().timestamp()}
    row.save()
    assert "confirm" not in visitor.poll(reply)
    assert answer(visitor, reply, question["id"]).status_code == 409
    assert close_expired() == 1
    assert ToolUse.objects.get().state == ToolState.EXPIRED
    assert ToolUse.objects.get().continuation == ""


@pytest.mark.parametrize(
    "body",
    [
        {"id": "x", "approve": True},
        {"approve": True},
        {"id": "0b0d5e4c-5a43-4a3c-8f5c-8d3f3ef5a0b1", "approve": "yes"},
        {"id": "0b0d5e4c-5a43-4a3c-8f5c-8d3f3ef5a0b1", "approve": True, "arguments": {}},
        {"id": ["0b0d5e4c-5a43-4a3c-8f5c-8d3f3ef5a0b1"], "approve": True},
    ],
)
def test_a_malformed_answer_is_refused(
    visitor: Visitor, claude_standin: Standin, body: dict[str, Any]
) -> None:
    reply, _question = begin(visitor, claude_standin)
    assert visitor.post(body, reply_url(reply, "confirm/")).status_code == 400


def test_nobody_else_can_answer(visitor: Visitor, claude_standin: Standin) -> None:
    reply, question = begin(visitor, claude_standin)
    other = Visitor()
    other.ask("Hello")
    unknown = "0b0d5e4c-5a43-4a3c-8f5c-8d3f3ef5a0b1"
    responses = [
        answer(other, reply, question["id"]),
        answer(visitor, reply, unknown),
        answer(visitor, unknown, question["id"]),
    ]
    assert [response.status_code for response in responses] == [404, 404, 404]
    assert len({response.content for response in responses}) == 1
    assert ToolUse.objects.get().state == ToolState.ASKED


def test_a_visitor_who_logs_out_or_in_before_agreeing_agrees_to_nothing(
    visitor: Visitor, claude_standin: Standin
) -> None:
    ada = User.objects.create(username="ada")
    visitor.client.force_login(ada)
    reply, question = begin(visitor, claude_standin)
    visitor.client.logout()
    assert answer(visitor, reply, question["id"]).status_code == 404
    claude_standin.clear()
    anonymous = Visitor()
    reply, question = begin(anonymous, claude_standin)
    anonymous.client.force_login(ada)
    assert answer(anonymous, reply, question["id"]).status_code == 404
    assert tool_bots.ran == []


def test_a_user_who_is_deactivated_agrees_to_nothing(
    visitor: Visitor, claude_standin: Standin
) -> None:
    ada = User.objects.create(username="ada")
    visitor.client.force_login(ada)
    reply, question = begin(visitor, claude_standin)
    User.objects.update(is_active=False)
    assert answer(visitor, reply, question["id"]).status_code == 404
    assert tool_bots.ran == []


@pytest.mark.parametrize(
    "use", [cancel("x" * 200), cancel("A\u202e1"), cancel("A  1"), cancel("A\n1"), cancel("A ")]
)
def test_a_call_that_can_not_be_shown_in_full_is_refused(
    visitor: Visitor, claude_standin: Standin, use: dict[str, Any]
) -> None:
    claude_standin.script(Answer(tool_use=[use]), "Sorry.")
    events = visitor.ask("Cancel my order")
    assert text_of(events) == "Sorry."
    assert "must confirm" in results(claude_standin)[0]["content"][0]["text"]


def test_the_question_shows_every_argument(visitor: Visitor, claude_standin: Standin) -> None:
    _reply, question = begin(visitor, claude_standin, cancel(reason="{number} is late"))
    assert question["text"] == "Cancel order A-1042? (reason: {number} is late)"


def test_several_calls_are_asked_one_after_the_other(
    visitor: Visitor, claude_standin: Standin
) -> None:
    note = {"name": "note", "input": {"text": "first"}}
    reply, question = begin(visitor, claude_standin, note, cancel("A-1"), note, cancel("A-2"))
    assert question["text"] == "Cancel order A-1?"
    assert tool_bots.ran == ["first"]
    events = events_of(answer(visitor, reply, question["id"], approve=False))
    second = value_of(events, "confirm")
    assert second["text"] == "Cancel order A-2?"
    assert text_of(events) == ""
    assert text_of(events_of(answer(visitor, reply, second["id"]))) == "\n\nIt is done."
    assert tool_bots.ran == ["first", "first", ("A-2", "")]
    given = [result.get("is_error", False) for result in results(claude_standin)]
    assert given == [False, True, False, False]
    states = list(ToolUse.objects.order_by("created").values_list("state", flat=True))
    assert sorted(states) == ["declined", "done", "done", "done"]


def test_limits_without_room_decide_nothing(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"session": ["20 messages/month"]}
    reply, question = begin(visitor, claude_standin)
    settings.CHAT_LIMITS = {"session": ["1 messages/month"]}
    assert answer(visitor, reply, question["id"]).status_code == 429
    settings.CHAT_LIMITS = {}
    assert text_of(events_of(answer(visitor, reply, question["id"]))) == "\n\nIt is done."


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_lost_to_another_transaction_is_tried_again(
    visitor: Visitor, claude_standin: Standin
) -> None:
    reply, question = begin(visitor, claude_standin)
    with losing_once(writes_tool_use):
        response = answer(visitor, reply, question["id"])
    assert text_of(events_of(response)) == "\n\nIt is done."
    assert tool_bots.ran == [("A-1042", "")]


@pytest.mark.django_db(transaction=True)
def test_the_start_of_a_call_that_lost_to_another_transaction_is_tried_again(
    visitor: Visitor, claude_standin: Standin
) -> None:
    _reply, question = begin(visitor, claude_standin)
    ToolUse.objects.update(state=ToolState.APPROVED)
    decision = Decision(UUID(question["id"]), approved=True, still_allowed=lambda: True)
    with losing_once(writes_tool_use):
        assert tool_rows.claim(decision)
    assert not tool_rows.claim(decision)
