"""A reply on the wire, and those who follow it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sitechat import stream
from sitechat.reply import Event, Reply
from sitechat.standin import Answer, Standin
from tests.visitor import (
    Visitor,
    parse,
    raw_chunks,
    text_of,
)

# The wire


def test_events_are_lines_of_json() -> None:
    assert stream.encode(Event({"t": "Grüß\n\n🦊"}, 9)) == (
        'id: 9\ndata: {"t": "Grüß\\n\\n🦊"}\n\n'.encode()
    )
    assert stream.encode(Event({"done": "complete"})) == b'data: {"done": "complete"}\n\n'


def test_a_stream_begins_with_a_comment_and_ends_with_done(visitor: Visitor) -> None:
    raw = b"".join(raw_chunks(visitor.send("Hello")))
    assert raw.startswith(b': open\n\ndata: {"reply": "')
    assert raw.endswith(b'data: {"done": "complete"}\n\ndata: [DONE]\n\n')


def test_a_stream_says_that_it_is_not_to_be_held_back(visitor: Visitor) -> None:
    response = visitor.send("Hello")
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Content-Encoding"] == "identity"
    assert "Content-Length" not in response


def test_the_id_of_text_is_the_number_of_characters_so_far(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("ü🦊 x"))
    raw = b"".join(raw_chunks(visitor.send("Hello"))).decode()
    assert "id: 4\ndata: {" in raw
    assert raw.count("id: ") == 1


# Followers, without a server


def finished(**fields: Any) -> Reply:
    return Reply(id="r", message_id="m", text="Hello", status="complete", **fields)


def read_async(follower: stream.AsyncFollower) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in follower])

    return asyncio.run(read())


@pytest.mark.django_db
@pytest.mark.parametrize("after", [0, 3, 99])
def test_both_followers_say_the_same(after: int) -> None:
    reply = finished(sources=[{"n": 1, "title": "A", "url": "/a/"}], citations=[{"at": 5, "n": 1}])
    sync = b"".join(stream.SyncFollower(reply, after=after))
    assert read_async(stream.AsyncFollower(reply, after=after)) == sync
    assert text_of(parse(sync)) == "Hello"[after:]


def test_no_comment_comes_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0)
    assert stream.SyncFollower(finished()).take().endswith(b"data: [DONE]\n\n")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [stream.SyncFollower, stream.AsyncFollower])
def test_silence_is_broken_by_comments(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.01)
    monkeypatch.setattr(stream, "POLL", 0.005)
    running = Reply(id="r", message_id="m")
    looks = iter([running, running, running, running, running, running, running, finished()])
    follower = kind(running, reload=lambda: next(looks))
    raw = b"".join(follower) if kind is stream.SyncFollower else read_async(follower)
    assert b": \n\n" in raw
    assert text_of(parse(raw)) == "Hello"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [stream.SyncFollower, stream.AsyncFollower])
def test_what_breaks_inside_a_stream_is_said_in_it(
    kind: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream, "POLL", 0.001)

    def fail() -> Reply:
        raise RuntimeError("secret detail")

    follower = kind(Reply(id="r", message_id="m"), reload=fail)
    raw = b"".join(follower) if kind is stream.SyncFollower else read_async(follower)
    [error] = [event for event in parse(raw) if "error" in event]
    assert (error["error"], error["retryable"]) == ("server_error", True)
    assert b"secret" not in raw
    assert error["ref"] in caplog.text


@pytest.mark.django_db
def test_a_forgotten_reply_ends_its_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "POLL", 0.001)
    follower = stream.SyncFollower(Reply(id="r", message_id="m"), reload=lambda: None)
    assert parse(b"".join(follower))[-1] == {"done": "stopped"}
