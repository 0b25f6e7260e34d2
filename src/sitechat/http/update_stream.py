"""Stream what happens in a conversation as Server-Sent Events, under ASGI.

`person_views` responds with it to `GET chat/updates/`. `people.handoff_polling` wakes it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from time import monotonic
from uuid import UUID

from django.utils import translation

from sitechat.engine.reply import Event
from sitechat.errors import ChatError, ServerError
from sitechat.http import sse
from sitechat.http.stream_slots import StreamSlot
from sitechat.models import HandoffState
from sitechat.payloads.updates import TypingPerson, Updates
from sitechat.people.handoff_polling import Watch, watcher
from sitechat.runtime.daemon_threads import PoolFull
from sitechat.runtime.request_steps import RequestSteps, release_request_thread
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.stream")

MAX_SECONDS = 300.0
"""Seconds after which a stream ends, because the server may not notice that a visitor has left. The
client then opens another stream."""

READ_INTERVAL = 15.0
"""Seconds after which the conversation is read again even if its handoff has not changed: the bot
may have answered, or a person may have been silent for too long."""

STATES_WITHOUT_PERSON = frozenset({HandoffState.NONE, HandoffState.CLOSED})
"""The states in which the visitor neither waits for a person nor talks with a person."""

ReadUpdates = Callable[[int | None], Updates]
"""A function that reads the updates after a cursor from the database."""


class UpdateStream:
    """The updates of one conversation for one reader."""

    def __init__(
        self,
        conversation: UUID | None,
        read_updates: ReadUpdates,
        after: int | None,
        *,
        steps: RequestSteps,
        slot: StreamSlot | None,
        max_seconds: float | None,
    ) -> None:
        """Create the stream. It starts when it is first read.

        Args:
            conversation: The conversation; None for a stream that ends after the first event.
            read_updates: Reads the updates after a cursor.
            after: The client's cursor; None if it has none.
            steps: Runs `read_updates`.
            slot: The slot to release at the end of the stream.
            max_seconds: The server's maximum seconds for a stream; None for no maximum.
        """
        self._read_updates = read_updates
        self._after = after
        self._steps = steps
        self._slot = slot
        self._language = translation.get_language()
        self._ends = monotonic() + min(MAX_SECONDS, max_seconds or MAX_SECONDS)
        self._news: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch = None if conversation is None else Watch(conversation, self._wake)
        self._person: TypingPerson | None = None
        """The state of the handoff that the client got last; None before the first event."""
        self._last_read = 0.0
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            self.close()
            raise StopAsyncIteration
        try:
            if self._news is None:
                return await self._open()
            return await self._next()
        except asyncio.CancelledError:
            self.close()
            raise
        except Exception as error:
            return self._failed(error)

    def close(self) -> None:
        """Stop watching and release the stream's slot."""
        if self._watch is not None:
            watcher().remove(self._watch)
        if self._slot is not None:
            self._slot.release()

    async def _open(self) -> bytes:
        self._news, self._loop = asyncio.Event(), asyncio.get_running_loop()
        if self._slot is not None:
            self._slot.open()
        # Middleware may have used the request's own thread after the view.
        await release_request_thread()
        if self._watch is not None:
            watcher().add(self._watch)
        return sse.OPEN + await self._read()

    async def _next(self) -> bytes:
        """Wait for updates. Return an event with the updates, or a comment if there are none."""
        assert self._news is not None  # noqa: S101 - the stream is open
        beats = monotonic() + sse.HEARTBEAT
        while True:
            due = min(beats, self._ends, self._last_read + READ_INTERVAL)
            is_news = await self._wait(max(0.0, due - monotonic()))
            if monotonic() >= self._ends:
                self._ended = True  # without [DONE], so that the client opens another stream
                return sse.BEAT
            if is_news or monotonic() >= self._last_read + READ_INTERVAL:
                self._news.clear()
                if chunk := await self._read():
                    return chunk
            if monotonic() >= beats:
                return sse.BEAT

    async def _wait(self, seconds: float) -> bool:
        """Wait for a change; return whether there was one."""
        assert self._news is not None  # noqa: S101 - the stream is open
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    async def _read(self) -> bytes:
        """Return an event with the updates; b"" if nothing is new.

        End the stream if there is no conversation, or if the handoff has just ended.
        """
        self._last_read = monotonic()
        news = await self._steps.run(self._read_in_language)
        person, before = news["person"], self._person
        if before is not None and person == before and not news["messages"]:
            return b""
        self._person, self._after = person, int(news["cursor"])
        chunk = sse.encode(Event(news, self._after))
        is_over = (
            before is not None
            and person["state"] in STATES_WITHOUT_PERSON
            and before["state"] not in STATES_WITHOUT_PERSON
        )
        if self._watch is None or is_over:
            self._ended = True
            chunk += sse.DONE
        return chunk

    def _read_in_language(self) -> Updates:
        with translation.override(self._language):
            return self._read_updates(self._after)

    def _wake(self) -> None:
        """Wake the stream, from any thread."""
        if self._loop is not None and self._news is not None:
            self._loop.call_soon_threadsafe(self._news.set)

    def _failed(self, error: Exception) -> bytes:
        """End the stream. Return an error event, or a comment if no thread can start."""
        self._ended = True
        if isinstance(error, PoolFull):
            logger.warning("A stream of updates ends early, because no thread can start")
            return sse.BEAT  # without [DONE], so that the client opens another stream
        with translation.override(self._language):
            if isinstance(error, ChatError):  # such as a conversation that was just forgotten
                return sse.encode(Event(error.as_dict())) + sse.DONE
            ref = secrets.token_hex(4)
            logger.error("A stream failed, ref %s", ref, exc_info=error, extra={"ref": ref})
            return sse.encode(Event(ServerError(ref=ref).as_dict())) + sse.DONE
