"""Tests of the limits on calls that do not call Claude."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from pytest_django import Settings

from sitechat.http import read_limits, refusal_delay
from sitechat.standin import Answer, Standin
from tests.smaller import Smaller
from tests.visitor import CHAT, Held, MakeVisitor, Visitor, reply_url, value_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def _at_once(smaller: Smaller) -> None:
    """Refusals come at once."""
    smaller(refusal_delay, DELAY=0.0)


def assert_too_many(response: Any) -> None:
    assert response.status_code == 429
    assert response.json()["error"] == "rate_limited"
    assert int(response["Retry-After"]) == response.json()["retry_after"] >= 1


def test_a_burst_is_allowed_and_then_a_steady_rate() -> None:
    calls = read_limits.CallCounts()
    assert [calls.take("reads", "a", 60, now=0) for _ in range(60)] == [0.0] * 60
    assert calls.take("reads", "a", 60, now=0) == pytest.approx(1)
    assert calls.take("reads", "b", 60, now=0) == 0
    assert calls.take("actions", "a", 60, now=0) == 0
    assert calls.take("reads", "a", 60, now=1.01) == 0
    assert calls.take("reads", "a", 60, now=1.01) > 0


def test_a_part_of_the_calls_is_allowed_at_once() -> None:
    calls = read_limits.CallCounts()
    found = [
        calls.take("reads", "a", 240, read_limits.allowed_at_once(240), now=0) for _ in range(61)
    ]
    assert [wait == 0 for wait in found] == [True] * 60 + [False]
    assert calls.take("reads", "a", 240, 60, now=0.26) == 0
    few = [calls.take("reads", "b", 5, read_limits.allowed_at_once(5), now=0) for _ in range(6)]
    assert [wait == 0 for wait in few] == [True] * 5 + [False]


def test_long_cookies_take_no_memory() -> None:
    calls = read_limits.CallCounts()
    tracemalloc.start()
    try:
        for number in range(50):
            calls.take("reads", f"{number} {'x' * 100_000}", 60)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_only_the_most_recent_sessions_are_counted(smaller: Smaller) -> None:
    smaller(read_limits, MAX_KEYS=2)
    calls = read_limits.CallCounts()
    for key in ("a", "b", "c"):
        assert calls.take("reads", key, 1, now=0) == 0
    assert calls.take("reads", "c", 1, now=0) > 0
    assert calls.take("reads", "a", 1, now=0) == 0


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}conversations/"])
def test_reads_of_an_address_are_limited(
    path: str, live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_address": 2}
    for _ in range(2):
        assert live_visitor().client.get(path).status_code == 200
    assert_too_many(live_visitor().client.get(path))
    other = Visitor()
    assert other.client.get(path, REMOTE_ADDR="203.0.113.7").status_code == 200


def test_reads_of_a_session_are_limited(live_visitor: MakeVisitor, settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_session": 2}
    visitor = live_visitor()
    visitor.ask("Hello")
    assert len(visitor.texts()) == len(visitor.texts()) == 2
    assert_too_many(visitor.client.get(CHAT))
    assert live_visitor().client.get(CHAT).status_code == 200


def test_a_refused_session_does_not_use_up_the_limit_of_its_address(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_session": 1, "reads_of_address": 3}
    visitor = live_visitor()
    visitor.ask("Hello")
    assert visitor.client.get(CHAT).status_code == 200
    for _ in range(5):
        assert_too_many(visitor.client.get(CHAT))
    assert live_visitor().client.get(CHAT).status_code == 200


def test_refused_calls_are_logged_together(
    live_visitor: MakeVisitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_address": 1}
    client = live_visitor().client
    with read_limits.refusal_log.renewed():
        statuses = [client.get(CHAT).status_code for _ in range(4)]
    assert statuses == [200, 429, 429, 429]
    assert [record.name for record in caplog.records] == ["sitechat.views"]
    assert "Visitors make too many calls" in caplog.text


def test_stops_and_ratings_are_limited(live_visitor: MakeVisitor, settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"actions_of_session": 2}
    visitor = live_visitor()
    visitor.ask("Hello")
    reply = visitor.history()["messages"][-1]["id"]
    assert visitor.stop(reply).status_code == 200
    assert visitor.rate(reply, rating=1).status_code == 200
    assert_too_many(visitor.stop(reply))
    assert_too_many(visitor.rate(reply, rating=1))


def test_deletions_are_limited(live_visitor: MakeVisitor, settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"actions_of_address": 2}
    for _ in range(2):
        assert live_visitor().client.delete(CHAT).status_code == 204
    assert_too_many(live_visitor().client.delete(CHAT))


def test_replies_that_are_read_as_json_are_limited(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_session": 2}
    visitor = live_visitor()
    reply = value_of(visitor.ask("Hello"), "reply")
    assert visitor.poll(reply)["text"] == visitor.poll(reply)["text"]
    json_only = {"Accept": "application/json"}
    assert_too_many(visitor.client.get(reply_url(reply), headers=json_only))


def test_streams_of_finished_and_unknown_replies_are_limited(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_session": 2}
    visitor = live_visitor()
    reply = value_of(visitor.ask("Hello"), "reply")
    stream = {"Accept": "text/event-stream"}
    assert visitor.client.get(reply_url(reply), headers=stream).status_code == 200
    assert visitor.client.get(reply_url("unknown"), headers=stream).status_code == 404
    assert_too_many(visitor.client.get(reply_url(reply), headers=stream))
    assert_too_many(visitor.client.get(reply_url("unknown"), headers=stream))


def test_readers_of_unknown_and_finished_replies_are_not_counted_as_open(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"streams_of_reply": 1}
    visitor = live_visitor()
    reply = value_of(visitor.ask("Hello"), "reply")
    for _ in range(3):
        assert visitor.client.get(reply_url(reply)).status_code == 200
        assert visitor.client.get(reply_url("unknown")).status_code == 404


def test_streams_of_a_reply_are_limited_until_one_ends(held: Held, settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"streams_of_reply": 2}
    visitor, reply, _rest = held
    streams = [visitor.client.get(reply_url(reply)) for _ in range(2)]
    assert [stream.status_code for stream in streams] == [200, 200]
    assert_too_many(visitor.client.get(reply_url(reply)))
    assert visitor.poll(reply)["status"] == "running"
    streams.pop().close()
    assert visitor.client.get(reply_url(reply)).status_code == 200


def test_streams_of_an_address_are_limited(
    live_visitor: MakeVisitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"streams_of_address": 1}
    claude_standin.always(Answer("One two", hold_after=1))
    visitors = [live_visitor(), live_visitor()]
    for visitor in visitors:  # an address whose streams no other test has left open
        visitor.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    started = [visitor.begin("Count") for visitor in visitors]
    first = visitors[0].client.get(reply_url(started[0][0]))
    assert first.status_code == 200
    assert_too_many(visitors[1].client.get(reply_url(started[1][0])))


def test_a_call_under_asgi_is_counted_once(live_visitor: MakeVisitor, settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_address": 2}

    async def main() -> list[Any]:
        return [await AsyncClient().get(CHAT) for _ in range(3)]

    *allowed, refused = async_to_sync(main)()
    assert [response.status_code for response in allowed] == [200, 200]
    assert_too_many(refused)
