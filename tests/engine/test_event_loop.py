"""Tests that replies run in the engine, independently of requests."""

from __future__ import annotations

import math
import sys

import pytest
from django.db import connection
from pytest_django import Settings

import sitechat
from sitechat.engine import driver, event_loop
from sitechat.models import Message, Status, Usage
from sitechat.standin import Answer, Standin
from tests.outage import is_checkpoint, outage
from tests.visitor import (
    Held,
    MakeVisitor,
    Visitor,
    events_of,
    raw_chunks,
    reply_url,
    text_of,
)
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("quick_engine"),
]


# Continuing after a disconnect


def test_everything_is_written_down_before_the_first_word(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("Hi", hold_after=0))
    reply, rest = live_visitor().begin("Hello")
    assert list(Message.objects.values_list("role", "text", "status")) == [
        ("user", "Hello", "complete"),
        ("assistant", "", "running"),
    ]
    claude_standin.release()
    assert b"Hi" in b"".join(rest)
    assert Message.objects.get(pk=reply).status == Status.COMPLETE


def test_text_is_streamed_while_claude_writes(held: Held, claude_standin: Standin) -> None:
    _visitor, _reply, rest = held
    early = b""
    while b"two" not in early:
        early += next(rest)
    assert b"three" not in early
    claude_standin.release()
    assert b"three" in b"".join(rest)


def test_a_page_that_is_left_costs_no_answer(held: Held, claude_standin: Standin) -> None:
    visitor, reply, rest = held
    rest.close()
    assert visitor.history()["running"] == reply
    response = visitor.client.get(reply_url(reply))
    claude_standin.release()
    events = events_of(response)
    assert text_of(events) == "One two three four five"
    assert events[-1] == {"done": "complete"}
    assert claude_standin.requests[0].hung_up is False


def test_nobody_has_to_look_for_a_reply_to_end(held: Held, claude_standin: Standin) -> None:
    visitor, reply, rest = held
    rest.close()
    claude_standin.release()
    until(lambda: Message.objects.get(pk=reply).status == Status.COMPLETE)
    assert visitor.texts() == ["Count", "One two three four five"]


def test_many_readers_see_the_same_reply(held: Held, claude_standin: Standin) -> None:
    visitor, reply, rest = held
    second = raw_chunks(visitor.client.get(reply_url(reply)))
    third = raw_chunks(visitor.client.get(reply_url(reply), {"after": 4}))
    assert b'"One two"' in next(second)
    assert b'"two"' in next(third)
    claude_standin.release()
    assert b"[DONE]" in b"".join(rest)
    assert b"four five" in b"".join(second)
    assert b"four five" in b"".join(third)


@pytest.mark.parametrize("how", ["address", "header"])
def test_a_cut_stream_is_resumed_where_it_broke(
    how: str, held: Held, claude_standin: Standin
) -> None:
    visitor, reply, _rest = held
    query = {"after": 7} if how == "address" else {}
    headers = {"Last-Event-ID": "7"} if how == "header" else {}
    response = visitor.client.get(reply_url(reply), query, headers=headers)
    claude_standin.release()
    assert text_of(events_of(response)) == " three four five"


def test_what_there_is_so_far_is_kept_for_other_processes(held: Held) -> None:
    _visitor, reply, _rest = held
    until(lambda: Message.objects.get(pk=reply).text == "One two")
    assert Message.objects.get(pk=reply).status == Status.RUNNING


def test_no_connection_is_held_while_claude_writes(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("One two three", hold_after=2))
    _reply, rest = live_visitor().begin("Count")
    assert connection.connection is None
    claude_standin.release()
    assert b"three" in b"".join(rest)


# Silence


class Hasty(sitechat.Chatbot):
    timeout = 0.5


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer("One two", end="hang"), "interrupted"),
        (Answer("One two", hold_after=0), "failed"),
        (Answer(end="hang", before_headers=True), "failed"),
    ],
    ids=["in mid-stream", "before the first word", "before the headers"],
)
def test_who_is_silent_for_too_long_is_given_up(
    answer: Answer,
    status: str,
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    settings: Settings,
) -> None:
    settings.CHAT_BOTS = {
        "default": "sitechat.Chatbot",
        "hasty": "tests.engine.test_event_loop.Hasty",
    }
    claude_standin.script("Hi", answer)
    visitor = live_visitor()
    visitor.ask("Hello")  # the engine has its client now
    until(Usage.objects.exists)
    Usage.objects.all().delete()
    events = visitor.ask("Hello", bot="hasty")
    assert events[-1] == {"done": status}
    [error] = [event for event in events if "error" in event]
    assert (error["error"], error["retryable"]) == ("timeout", True)
    claude_standin.wait_for(lambda records: any(record.hung_up for record in records))
    assert Usage.objects.get().status == status


@pytest.mark.django_db
def test_a_sites_own_tests_do_not_hang_with_claude(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    """Check that the reply and its clock run in the caller's thread in a test's transaction."""
    settings.CHAT_BOTS = {"default": "tests.engine.test_event_loop.Hasty"}
    claude_standin.script(Answer("One two", end="hang"))
    events = visitor.ask("Hello")
    assert [event["error"] for event in events if "error" in event] == ["timeout"]


# Database failures


def books(sql: str) -> bool:
    return sql.startswith("INSERT") and "sitechat_usage" in sql


def test_an_answer_that_the_database_does_not_take_is_offered_again(
    held: Held, claude_standin: Standin
) -> None:
    visitor, _reply, rest = held

    with outage(books, times=2) as failed:
        claude_standin.release()
        assert b'{"done": "complete"}' in b"".join(rest)
        until(lambda: visitor.history()["running"] is None, every=0.05)
    assert len(failed) == 2
    assert visitor.texts() == ["Count", "One two three four five"]
    assert Usage.objects.count() == 1


def test_an_answer_that_is_saved_late_is_not_taken_for_silent(
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.CHAT_BOTS = {"default": "tests.engine.test_event_loop.Hasty"}
    claude_standin.script("Hello you")
    retries = math.ceil(Hasty.timeout / driver.SAVE_AGAIN) + 5
    with outage(books, times=retries) as failed:
        assert text_of(live_visitor().ask("Hello")) == "Hello you"
        until(lambda: len(failed) == retries and Usage.objects.exists())
    assert "Claude did not answer" not in caplog.text


def test_replies_that_are_written_down_together_keep_their_own_texts(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(
        *(Answer(f"{word} and more", hold_after=1) for word in ("100%s", "o'clock", "ключ"))
    )
    visitors = [live_visitor() for _ in range(3)]
    replies = [visitor.begin("Say a word")[0] for visitor in visitors]
    until(lambda: len({Message.objects.get(pk=reply).text for reply in replies} - {""}) == 3)
    shown = [visitor.poll(reply)["text"] for visitor, reply in zip(visitors, replies, strict=True)]
    assert [Message.objects.get(pk=reply).text for reply in replies] == shown
    claude_standin.release(3)


def test_a_checkpoint_that_fails_harms_no_reply(held: Held, claude_standin: Standin) -> None:
    visitor, _reply, rest = held
    with outage(is_checkpoint) as failed:
        until(lambda: failed)
        claude_standin.release()
        assert b'{"done": "complete"}' in b"".join(rest)
    assert visitor.texts()[1] == "One two three four five"


# The engine's loop


def test_a_site_without_uvloop_has_an_engine_too(
    live_visitor: MakeVisitor, claude_standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    claude_standin.script("Hello you")
    with event_loop.running.renewed():
        assert text_of(live_visitor().ask("Hello")) == "Hello you"
        background = event_loop.running().background
    assert background is not None
    assert type(background.loop).__module__.startswith("asyncio.")
