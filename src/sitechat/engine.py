"""Where replies live. Requests follow them; they do not depend on any request.

Each running reply is a task on an event loop: the server's own loop under ASGI, the loop of one
background thread under WSGI, begun at the first reply of a process (so after its fork). Both run
the same driver. A reply that is begun inside an open transaction, as in a `TestCase`, runs to
its end at once, on the thread that holds the transaction, since nobody else could see its rows.

The database is touched in short steps on threads of the engine's own, and no connection is held
between them. Twice a second one statement writes what all the replies of the process have so far
and keeps their rows from looking stale.

When the process is told to end, replies that somebody follows get the server's time to finish;
what then still runs is saved as interrupted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.utils.translation import gettext_lazy as _

from sitechat import bookkeeping, claude, primary, servers, termination
from sitechat.checkpoints import checkpoint
from sitechat.driver import Ending, LiveReply, Step, converse, converse_in_time
from sitechat.errors import Interrupted, Timeout
from sitechat.forks import PerProcess
from sitechat.models import Status
from sitechat.processes import Running
from sitechat.threads import DaemonThreads

logger = logging.getLogger("sitechat.engine")

CHECKPOINT = 0.5
"""Seconds between two writes of what the running replies have so far."""

SAVE_AGAIN = 2.0
"""Seconds until a reply that the database did not take is offered again."""

STOP_WITHIN = 2.0
"""Seconds that a stop waits to learn that the reply has ended."""

SAVE_WITHIN = 3.0
"""Seconds that the end of the process waits for replies that nobody follows to be saved."""

DATABASE_THREADS = 2


class Engine:
    """The replies of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._live: dict[UUID, LiveReply] = {}
        self._threads = DaemonThreads(DATABASE_THREADS, "sitechat-database")
        self._ticker: asyncio.Task[None] | None = None
        self._last_task: asyncio.Task[None] | None = None
        self._watching = False
        self.ending_since: float | None = None

    def start(self, live: LiveReply) -> None:
        """Run the reply. From any thread; its rows are committed."""
        # An empty context: the task outlives the request, whose context must not come along.
        self.loop.call_soon_threadsafe(partial(self._begin, live), context=Context())

    def cancel(self, live: LiveReply, ending: Ending, at: int | None = None) -> None:
        """End the reply now, showing at most `at` characters of it. From any thread."""
        self.loop.call_soon_threadsafe(self._cancel, live, ending, at)

    def _begin(self, live: LiveReply) -> None:
        self._live[live.id] = live
        live.task = self.loop.create_task(self._run(live))
        if not self._watching:
            self._watching = True
            termination.on_terminate(self._terminate)
        if self._ticker is None or self._ticker.done():
            self._ticker = self.loop.create_task(self._tick())

    async def _run(self, live: LiveReply) -> None:
        try:
            await run(live, self._step)
        finally:
            del self._live[live.id]
            _forget(live)

    async def _step(self, work: Callable[[], Any]) -> Any:
        return await self.loop.run_in_executor(self._threads, bookkeeping.step, work)

    async def _tick(self) -> None:
        """Twice a second: write what there is, obey what other processes wrote, watch the clock."""
        while self._live:
            await asyncio.sleep(CHECKPOINT)
            replies = [live for live in self._live.values() if not live.closed]
            for live in replies:
                if monotonic() - live.touched > live.timeout:
                    self._cancel(live, Ending.of_error(live.reply, Timeout()), None)
            self._end_in_time()
            try:
                rows = await self._step(partial(checkpoint, replies))
            except Exception:
                logger.warning("The database took no checkpoint of the replies", exc_info=True)
                continue
            for live in replies:
                if live.id not in rows:
                    self._cancel(live, Ending(Status.STOPPED), 0)
                elif (at := rows[live.id]) is not None:
                    self._cancel(live, Ending(Status.STOPPED), at)

    def _terminate(self, go_on: termination.GoOn) -> None:
        """SIGTERM has come, at any moment of the loop's thread."""
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(self._save_unfollowed, go_on)
        else:
            go_on()

    def _save_unfollowed(self, go_on: termination.GoOn) -> None:
        self.ending_since = self.ending_since or monotonic()
        self._end_in_time()

        async def save_and_go_on() -> None:
            ending = [live.task for live in self._live.values() if live.ending and live.task]
            if ending:
                await asyncio.wait(ending, timeout=SAVE_WITHIN)
            go_on()

        self._last_task = self.loop.create_task(save_and_go_on())

    def _end_in_time(self) -> None:
        """Once the process is to end: no reply runs that nobody follows, and none for long."""
        server = servers.current_server()
        if self.ending_since is None:
            if not server.stopping():
                return
            self.ending_since = monotonic()
        late = monotonic() - self.ending_since > server.grace
        for live in list(self._live.values()):
            if late or (self is not _here().background and not live.followed):
                self._cancel(live, Ending(Status.INTERRUPTED, Interrupted()), None)

    def _cancel(self, live: LiveReply, ending: Ending, at: int | None) -> None:
        if live.ending is not None:
            return
        live.ending = ending
        live.reply.close(at)
        if live.task is not None and live.driving:
            live.task.cancel()


async def run(
    live: LiveReply,
    step: Step,
    converse: Callable[[LiveReply, Step], Awaitable[Ending]] = converse,
) -> None:
    """Drive the reply to its end, save it, and tell those who follow it."""
    loop_ends = False
    if live.ending is None:
        live.driving = True
        try:
            ending = await converse(live, step)
        except asyncio.CancelledError:
            loop_ends = live.ending is None
            ending = Ending(Status.INTERRUPTED, Interrupted())
        live.driving = False
        live.ending = live.ending or ending
    live.reply.close(None)
    while not await _saved(live, step) and not loop_ends:
        live.reply.working("unsaved", _("This answer could not be saved yet."))
        live.tell_end()
        await asyncio.sleep(SAVE_AGAIN)
    live.tell_end()


async def _saved(live: LiveReply, step: Step) -> bool:
    try:
        await step(partial(bookkeeping.finish, live))
    except Exception:
        logger.exception("Reply %s could not be saved; it is kept and tried again", live.id)
        return False
    live.closed = True
    return True


# The engines of this process


_here = PerProcess(Running)
_lock = threading.Lock()


def start(live: LiveReply, *, on_server_loop: bool) -> None:
    """Begin a reply whose rows are committed; it runs on, whatever becomes of the caller.

    `on_server_loop`: the caller is a sync view under ASGI, so the server's loop can run it.
    """
    process = _here()
    if primary.in_transaction():
        async_to_sync(_run_inside_transaction)(live)
        return
    if on_server_loop:
        loop = async_to_sync(_running_loop)()
        engine = process.engines.get(loop)
        if engine is None:
            engine = process.engines[loop] = Engine(loop)
    else:
        engine = _background(process)
    process.live[live.id] = (engine, live)
    engine.start(live)


def find(reply_id: UUID) -> LiveReply | None:
    """The reply, if it runs in this process."""
    known = _here().live.get(reply_id)
    return known[1] if known else None


def writes_to(address: str) -> bool:
    """Whether a reply to that address (`Visitor.ip`) runs in this process."""
    return any(live.visitor.ip == address for _engine, live in list(_here().live.values()))


def stop(reply_id: UUID, at: int | None) -> bool:
    """Stop a reply that runs in this process, keeping at most `at` characters of it.

    Returns once that is saved (or after two seconds). False: it does not run here.
    """
    known = _here().live.get(reply_id)
    if known is None:
        return False
    engine, live = known
    saved = threading.Event()
    wake = saved.set
    live.follow(wake)
    try:
        engine.cancel(live, Ending(Status.STOPPED), at)
        deadline = monotonic() + STOP_WITHIN
        while not live.reply.finished and monotonic() < deadline:
            saved.wait(deadline - monotonic())
            saved.clear()
    finally:
        live.unfollow(wake)
    return True


def _forget(live: LiveReply) -> None:
    _here().live.pop(live.id, None)


def _background(process: Running) -> Engine:
    with _lock:
        if process.background is None:
            loop = _new_loop()
            threading.Thread(target=loop.run_forever, name="sitechat-engine", daemon=True).start()
            process.background = Engine(loop)
        return process.background


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop where the site has that: each event then costs a sixth less."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def _run_inside_transaction(live: LiveReply) -> None:
    try:
        await run(live, lambda work: sync_to_async(work)(), converse=converse_in_time)
    finally:
        await claude.close_client()
