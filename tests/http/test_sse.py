"""Tests of a reply as server-sent events, and of clients that follow it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sitechat.conversations.remote_replies import RemoteReply, poller
from sitechat.engine.reply import Event, Reply
from sitechat.http import sse
from sitechat.standin import Answer, Standin
from tests.smaller import Smaller
from tests.thread_limit import no_new_threads
from tests.visitor import (
    UUID,
    Visitor,
    parse,
    raw_chunks,
    text_of,
)

# The wire


def test_events_are_lines_of_json() -> None:
    assert sse.encode(Event({"t": "Grüß\n\n🦊"}, 9)) == (
        'id: 9\ndata: {"t": "Grüß\\n\\n🦊"}\n\n'.encode()
    )
    assert sse.encode(Event({"done": "complete"})) == b'data: {"done": "complete"}\n\n'
    assert sse.encode(Event({"cursor": "6"}, 6)) == b'id: 6\ndata: {"cursor": "6"}\n\n'


def test_a_stream_begins_with_a_comment_and_ends_with_done(visitor: Visitor) -> None:
    raw = b"".join(raw_chunks(visitor.send("Hello")))
    assert raw.startswith(b': open\n\ndata: {"reply": "')
    assert raw.endswith(b'data: {"done": "complete"}\n\ndata: [DONE]\n\n')


def test_a_stream_has_headers_against_buffering(visitor: Visitor) -> None:
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


def read_async(follower: sse.AsyncReplyStream) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in follower])

    return asyncio.run(read())


@pytest.mark.django_db
@pytest.mark.parametrize("after", [0, 3, 99])
def test_both_followers_send_the_same_events(after: int) -> None:
    reply = finished(sources=[{"n": 1, "title": "A", "url": "/a/"}], citations=[{"at": 5, "n": 1}])
    sync = b"".join(sse.SyncReplyStream(reply, after=after))
    assert read_async(sse.AsyncReplyStream(reply, after=after)) == sync
    assert text_of(parse(sync)) == "Hello"[after:]


def test_no_comment_comes_after_the_end(smaller: Smaller) -> None:
    smaller(sse, HEARTBEAT=0)
    assert sse.SyncReplyStream(finished()).take().endswith(b"data: [DONE]\n\n")


class Elsewhere:
    """A reply that is written elsewhere, whose reader is woken by the test."""

    def __init__(self, *looks: Reply | Exception) -> None:
        self.reply = Reply(id="r", message_id="m")
        self.problem: Exception | None = None
        self.followers = 0
        self._looks = looks

    def follow(self, wake: Callable[[], None]) -> None:
        """Take all looks, one after the other, on a thread."""
        self.followers += 1
        threading.Thread(target=self._look, args=(wake,)).start()

    def _look(self, wake: Callable[[], None]) -> None:
        for look in self._looks:
            if isinstance(look, Exception):
                self.problem = look
            else:
                self.reply = look
            wake()

    def unfollow(self, wake: Callable[[], None]) -> None:
        self.followers -= 1


def read(kind: Any, elsewhere: Elsewhere) -> bytes:
    follower = kind(elsewhere.reply, live=elsewhere)
    raw = b"".join(follower) if kind is sse.SyncReplyStream else read_async(follower)
    assert elsewhere.followers == 0
    return raw


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [sse.SyncReplyStream, sse.AsyncReplyStream])
def test_comments_are_sent_while_nothing_happens(kind: Any, smaller: Smaller) -> None:
    smaller(sse, HEARTBEAT=0.01)
    elsewhere = Elsewhere()
    follower = kind(elsewhere.reply, live=elsewhere)
    if kind is sse.SyncReplyStream:
        chunks = [next(follower), next(follower)]
    else:

        async def two() -> list[bytes]:
            return [await anext(follower), await anext(follower)]

        chunks = asyncio.run(two())
    assert chunks[1] == b": \n\n"
    follower.close()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [sse.SyncReplyStream, sse.AsyncReplyStream])
def test_a_reader_gets_the_text_of_another_process(kind: Any) -> None:
    raw = read(kind, Elsewhere(Reply(id="r", message_id="m", text="Hel"), finished()))
    assert text_of(parse(raw)) == "Hello"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [sse.SyncReplyStream, sse.AsyncReplyStream])
def test_an_error_inside_a_stream_becomes_an_event(
    kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    raw = read(kind, Elsewhere(RuntimeError("secret detail")))
    [error] = [event for event in parse(raw) if "error" in event]
    assert (error["error"], error["retryable"]) == ("server_error", True)
    assert b"secret" not in raw
    assert error["ref"] in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [sse.SyncReplyStream, sse.AsyncReplyStream])
def test_a_stream_for_which_no_thread_can_start_is_cut_and_so_resumed(kind: Any) -> None:
    remote = RemoteReply(Reply(id=UUID, message_id=UUID))
    follower = kind(remote.reply, live=remote)
    with poller.renewed(), no_new_threads():
        raw = b"".join(follower) if kind is sse.SyncReplyStream else read_async(follower)
    assert raw == b": \n\n"
