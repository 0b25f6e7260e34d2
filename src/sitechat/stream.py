"""Follow a reply as Server-Sent Events, as a sync or an async iterator.

A follower remembers how much of the reply it has sent and is woken when there is more; it then
takes all that is new in one piece. A slow reader thus costs no memory and delays nobody. A reply
that runs in another process is read from its row a few times a second.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError
from django.http import StreamingHttpResponse
from django.utils import translation

from sitechat import bookkeeping, servers
from sitechat.driver import LiveReply
from sitechat.errors import ServerError
from sitechat.reply import Event, Reply
from sitechat.threads import let_request_thread_go

logger = logging.getLogger("sitechat.stream")

HEARTBEAT = 5.0
"""Seconds between comments, so that no proxy takes the stream for idle (nginx and AWS cut after
60 s, Heroku after 55 s) and a WSGI server learns that the visitor has left."""

RETRY_AFTER = 5
"""Seconds after which a visitor for whom no stream could be spared may try again."""

POLL = 0.3
"""Seconds between two looks at the row of a reply that runs in another process."""

UNREADABLE_FOR = 30.0
"""Seconds that a reader waits for a database that is down."""

OPEN = b": open\n\n"
BEAT = b": \n\n"
DONE = b"data: [DONE]\n\n"


_json = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: `json.dumps` with an option makes an encoder each time, which doubles its cost."""


def encode(event: Event) -> bytes:
    """One event as it goes over the wire."""
    data = b"data: " + _json(event.data).encode() + b"\n\n"
    return data if event.offset is None else b"id: %d\n%s" % (event.offset, data)


class Follower:
    """What one reader has been sent of one reply. Thin subclasses wait in their own way."""

    def __init__(
        self,
        reply: Reply,
        *,
        after: int = 0,
        live: LiveReply | None = None,
        reload: Callable[[], Reply | None] | None = None,
        place: servers.Place | None = None,
        longest: float | None = None,
    ) -> None:
        self.reply = reply
        self.cursor = reply.cursor(after)
        self.live = live
        self.reload = reload
        self.language = translation.get_language()
        self._place = place
        self._deadline = None if longest is None else monotonic() + longest
        self._opened = False
        self._ended = False
        self._beat = self._read = monotonic()
        if live is not None:
            live.follow(self.wake)

    def wake(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """The response is over, or its reader has left."""
        if self.live is not None:
            self.live.unfollow(self.wake)
            self.live = None
        if self._place is not None:
            self._place.release()

    def take(self) -> bytes:
        """All that is new, encoded; empty where nothing is."""
        chunks = []
        if not self._opened:
            self._opened = True
            first = {"reply": self.reply.id, "message": self.reply.message_id}
            chunks += [OPEN, encode(Event(first))]
        chunks += map(encode, self._events())
        if self.cursor.done:
            self._ended = True
            chunks.append(DONE)
        elif self._deadline is not None and monotonic() > self._deadline:
            # A stream without [DONE] is resumed.
            self._ended = True
            chunks.append(BEAT)
        elif monotonic() - self._beat >= HEARTBEAT:
            self._beat = monotonic()
            chunks.append(BEAT)
        return b"".join(chunks)

    def _events(self) -> Iterable[Event]:
        if self.reply.finished or self.reply.phase is not None:
            # Only these events have words of ours, in the reader's language.
            with translation.override(self.language):
                return list(self.reply.since(self.cursor))
        return self.reply.since(self.cursor)

    def _patience(self) -> float:
        """Seconds to wait for the next news, or until the next comment or the end is due."""
        if self.live is None:
            return POLL
        due = self._beat + HEARTBEAT
        if self._deadline is not None:
            due = min(due, self._deadline)
        return max(0.0, due - monotonic())

    def _renewed(self) -> None:
        """Read again a reply that runs in another process."""
        try:
            reply = self.reload() if self.reload is not None else None
        except (OperationalError, InterfaceError):
            # Meanwhile the visitor keeps what has come.
            if monotonic() - self._read > UNREADABLE_FOR:
                raise
            return
        self._read = monotonic()
        if reply is None:
            # Its conversation was forgotten.
            self.reply.finish("stopped")
        else:
            self.reply = reply

    def _failed(self, error: Exception) -> bytes:
        """Something broke here: say so in the stream, where a traceback would only cut it."""
        ref = secrets.token_hex(4)
        logger.error("A stream failed, ref %s", ref, exc_info=error, extra={"ref": ref})
        self._ended = True
        with translation.override(self.language):
            return encode(Event(ServerError(ref=ref).as_dict())) + DONE


class SyncFollower(Follower):
    """For WSGI: waits on the request's thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._news = threading.Event()
        super().__init__(*args, **kwargs)

    def wake(self) -> None:
        self._news.set()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._ended:
            self.close()
            raise StopIteration
        try:
            if not self._opened:
                # Middleware may have touched the database after the view, to save the session.
                bookkeeping.release_connections()
            while True:
                self._news.clear()
                chunk = self.take()
                if chunk:
                    return chunk
                self._news.wait(self._patience())
                if self.live is None:
                    bookkeeping.step(self._renewed)
        except Exception as error:
            return self._failed(error)


class AsyncFollower(Follower):
    """For ASGI: waits on the server's loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._news = False
        super().__init__(*args, **kwargs)

    def wake(self) -> None:
        self._news = True
        if self._loop is not None:
            if asyncio._get_running_loop() is self._loop:
                self._release()
            else:
                self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            self.close()
            raise StopAsyncIteration
        self._loop = asyncio.get_running_loop()
        try:
            if not self._opened:
                # Middleware may have touched the database after the view, to save the session,
                # on the request's own thread.
                await sync_to_async(bookkeeping.release_connections)()
                let_request_thread_go()
            while True:
                self._news = False
                chunk = self.take()
                if chunk:
                    return chunk
                await self._wait(self._patience())
                if self.live is None:
                    await sync_to_async(
                        partial(bookkeeping.step, self._renewed), thread_sensitive=False
                    )()
        except asyncio.CancelledError:
            self.close()
            raise
        except Exception as error:
            return self._failed(error)

    async def _wait(self, seconds: float) -> None:
        assert self._loop is not None  # noqa: S101
        self._waiter = self._loop.create_future()
        if self._news:
            return
        timer = self._loop.call_later(seconds, self._release)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None


def response(follower: Follower) -> StreamingHttpResponse:
    """The follower as a response that no middleware or proxy holds back."""
    return StreamingHttpResponse(
        follower,  # type: ignore[arg-type]
        content_type="text/event-stream",
        headers={
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
            # GZipMiddleware leaves encoded responses alone.
            "Content-Encoding": "identity",
        },
    )
