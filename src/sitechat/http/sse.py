"""Stream a reply as Server-Sent Events, by a sync or an async iterator.

A `ReplyStream` sends one reply to one reader. It remembers how much it has sent. When it is woken,
it sends everything new in one piece, so slow readers need no memory and delay nobody. A reply that
runs in another process is read from its row a few times per second.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from time import monotonic
from typing import Any, Protocol

from django.http import StreamingHttpResponse
from django.utils import translation

from sitechat.engine.reply import Event, Reply
from sitechat.errors import ServerError
from sitechat.http.stream_slots import StreamSlot
from sitechat.http.stream_wakeups import Wakeups, wakeups_of
from sitechat.runtime.daemon_threads import PoolFull, end_request_thread
from sitechat.runtime.database_connections import close_connections
from sitechat.runtime.request_steps import release_request_thread
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.stream")

HEARTBEAT = 5.0
"""Seconds between comments. They keep proxies from closing an idle stream (nginx and AWS after
60 s, Heroku after 55 s) and let WSGI servers notice that a visitor has left."""

OPEN = b": open\n\n"
BEAT = b": \n\n"
DONE = b"data: [DONE]\n\n"
"""The beginning of a stream, a comment that keeps the stream open, and its end. If a stream ends
without `[DONE]`, the client resumes the reply in a new stream."""

_json = json.JSONEncoder(ensure_ascii=False).encode
"""Created only once: `json.dumps` with options creates an encoder each time, at twice the cost."""


def encode(event: Event) -> bytes:
    """Return an event in the format of Server-Sent Events."""
    if event.offset is None:
        return b"data: " + _json(event.data).encode() + b"\n\n"
    if "t" in event.data:  # most events; a string is faster to encode than a dictionary
        return b'id: %d\ndata: {"t": %s}\n\n' % (event.offset, _json(event.data["t"]).encode())
    # An event of `update_stream`, whose offset is a cursor.
    return b"id: %d\ndata: %s\n\n" % (event.offset, _json(event.data).encode())


class FollowedReply(Protocol):
    """A reply that is being written, in this process (`LiveReply`) or another (`RemoteReply`)."""

    reply: Reply
    problem: Exception | None
    """The error if the reply can't be followed any more."""

    def follow(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever there is something new."""

    def unfollow(self, wake: Callable[[], None]) -> None:
        """Stop calling `wake`."""


class ReplyStream:
    """The stream of one reply to one reader. Subclasses implement how it waits for text."""

    def __init__(
        self,
        reply: Reply,
        *,
        after: int = 0,
        live: FollowedReply | None = None,
        slot: StreamSlot | None = None,
        max_seconds: float | None = None,
    ) -> None:
        """Create the stream. It starts when it is first read.

        Args:
            reply: The state of the reply.
            after: The number of characters of the reply that the reader already has.
            live: The running reply; None if it has ended.
            slot: The slot to release at the end of the stream; None if the reply has ended.
            max_seconds: Seconds after which the stream is cut, so that the client resumes it; None
                for no limit.
        """
        self.reply = reply
        self.cursor = reply.cursor(after)
        self.live = live
        self.language = translation.get_language()
        self._slot = slot
        self._deadline = None if max_seconds is None else monotonic() + max_seconds
        self._opened = False
        self._ended = False
        self._beat = monotonic()

    def wake(self) -> None:
        """Wake the waiting stream."""
        raise NotImplementedError

    def open(self) -> None:
        """Start to follow the reply.

        Before this call, the reply does not refer to the stream. So if middleware or the server
        drops the response without closing it, the stream is freed.
        """
        if self._slot is not None:
            self._slot.open()
        if self.live is not None:
            self.live.follow(self.wake)

    def close(self) -> None:
        """Stop following and release the stream's slot."""
        if self.live is not None:
            self.live.unfollow(self.wake)
            self.live = None
        if self._slot is not None:
            self._slot.release()

    def take(self) -> bytes:
        """Return all new events and a due comment, encoded; b"" if there is nothing to send.

        Raises:
            Exception: The reply can't be followed any more (`FollowedReply.problem`).
        """
        chunks = []
        if self.live is not None:
            if self.live.problem is not None:
                raise self.live.problem
            self.reply = self.live.reply
        if not self._opened:
            self._opened = True
            first = {"reply": self.reply.id, "message": self.reply.message_id}
            chunks += [OPEN, encode(Event(first))]
        chunks += map(encode, self._events())
        now = monotonic()
        if self.cursor.done:
            self._ended = True
            chunks.append(DONE)
        elif self._deadline is not None and now > self._deadline:
            # The client resumes a stream without [DONE].
            self._ended = True
            chunks.append(BEAT)
        elif now - self._beat >= HEARTBEAT:
            self._beat = now
            chunks.append(BEAT)
        return b"".join(chunks)

    def _events(self) -> Iterable[Event]:
        if self.reply.finished or self.reply.phase is not None:
            # Only the end and the phase of a reply contain our own texts.
            with translation.override(self.language):
                return self.reply.since(self.cursor)
        return self.reply.since(self.cursor)

    def _seconds_to_wait(self) -> float:
        """Return the seconds until the next comment or the end of the stream is due."""
        due = self._beat + HEARTBEAT
        if self._deadline is not None:
            due = min(due, self._deadline)
        return max(0.0, due - monotonic())

    def _failed(self, error: Exception) -> bytes:
        """End the stream. Return an error event, or a comment if no thread can start."""
        if isinstance(error, PoolFull):
            logger.warning("A stream ends early, because no thread can start")
            self._ended = True
            return BEAT  # without [DONE], so that the client resumes it
        ref = secrets.token_hex(4)
        logger.error("A stream failed, ref %s", ref, exc_info=error, extra={"ref": ref})
        self._ended = True
        with translation.override(self.language):
            return encode(Event(ServerError(ref=ref).as_dict())) + DONE


class SyncReplyStream(ReplyStream):
    """A stream for WSGI, which waits on the request's thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._news = threading.Event()
        super().__init__(*args, **kwargs)

    def wake(self) -> None:
        """Wake the waiting stream."""
        self._news.set()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._ended:
            self.close()
            raise StopIteration
        try:
            if not self._opened:
                self.open()
                # Middleware may have touched the database after the view.
                close_connections()
                self._news.set()
            while True:
                self._news.wait(self._seconds_to_wait())
                self._news.clear()
                if chunk := self.take():
                    return chunk
        except Exception as error:
            return self._failed(error)


class AsyncReplyStream(ReplyStream):
    """A stream for ASGI, which waits on the server's event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._wakeups: Wakeups | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._news = False
        super().__init__(*args, **kwargs)

    def wake(self) -> None:
        """Wake the waiting stream, unless it is already about to look for news."""
        if not self._news:
            self._news = True
            if self._wakeups is not None:
                self._wakeups.request(self._stop_waiting)

    def _stop_waiting(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            self._leave()
            raise StopAsyncIteration
        self._wakeups = wakeups_of(asyncio.get_running_loop())
        try:
            if not self._opened:
                self.open()
                # Middleware may have used the request's own thread after the view.
                await release_request_thread()
                self._news = True
            while True:
                await self._wait()
                self._news = False
                if chunk := self.take():
                    return chunk
        except asyncio.CancelledError:
            self._leave()
            raise
        except Exception as error:
            return self._failed(error)

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.close()

    def close(self) -> None:
        """Stop following and release the stream's slot.

        When the response has ended, Django calls this on a new thread of the request. This releases
        the thread, because otherwise Django would start another thread to wait for its end.
        """
        super().close()
        end_request_thread()

    async def _wait(self) -> None:
        """Wait until the stream is woken or a comment is due. Later waits use the same timer."""
        if self._news:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        if self._timer is None:
            self._timer = loop.call_later(self._seconds_to_wait(), self._end_timer)
        await self._waiter

    def _end_timer(self) -> None:
        self._timer = None
        self._stop_waiting()


def stream(chunks: Iterable[bytes] | AsyncIterable[bytes]) -> StreamingHttpResponse:
    """Return a streaming response with headers against buffering by middleware and proxies."""
    return StreamingHttpResponse(
        chunks,
        content_type="text/event-stream",
        headers={
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
            # GZipMiddleware leaves encoded responses alone.
            "Content-Encoding": "identity",
        },
    )
