"""Start replies, and run them on event loops, independently of the requests that start them.

Each running reply is a task on an event loop. Under ASGI this is the server's loop. Under WSGI it
is the loop of a background thread, which starts with the first reply of a process, after any fork.
A reply that starts inside an open transaction, as in a `TestCase`, runs immediately on the thread
of the transaction, because no other thread could see its rows.

Database work is done in short steps on the engine's threads (`thread_pools`), which keep their
connections while replies run. Twice a second one statement writes the progress of all replies of
the process, which also shows that the process is alive.

`shutdown` ends the replies with their process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from functools import partial
from time import monotonic
from uuid import UUID

from asgiref.sync import async_to_sync

from sitechat import claude
from sitechat.claude.failures import Silent
from sitechat.conf import conf
from sitechat.engine import checkpoints, shutdown, thread_pools
from sitechat.engine.driver import converse_in_time, logged_error, run_reply
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.engine.shutdown import Shutdown
from sitechat.engine.thread_pools import IN_PLACE, POOLED, workers
from sitechat.models import Status
from sitechat.runtime import database, exit_callbacks
from sitechat.runtime.daemon_threads import PoolFull, start_daemon
from sitechat.runtime.per_loop import PerLoop
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.request_steps import engine_context
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")


class Engine:
    """The replies of one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        forget: Callable[[LiveReply], None],
        finishes_alone: bool,
    ) -> None:
        """Run replies on `loop`.

        Args:
            loop: The event loop, running or about to run.
            forget: Called on the loop with each reply that has ended.
            finishes_alone: Whether the process lets replies finish at its end although nobody
                follows them.
        """
        self.loop = loop
        self._forget = forget
        self._live: dict[UUID, LiveReply] = {}
        self.shutdown = Shutdown(loop, self._live, self._cancel, finishes_alone=finishes_alone)
        self._ticker: asyncio.Task[None] | None = None

    def start(self, live: LiveReply, context: Context) -> None:
        """Run the reply in a copy of its request's context.

        Call this from any thread, after the rows are committed.
        """
        live.context = context.copy()
        self.loop.call_soon_threadsafe(partial(self._begin, live), context=context)

    def cancel(self, live: LiveReply, ending: Ending, at: int | None = None) -> None:
        """End the reply, keeping at most `at` characters. Can be called from any thread."""
        self.loop.call_soon_threadsafe(self._cancel, live, ending, at)

    def _begin(self, live: LiveReply) -> None:
        self._live[live.id] = live
        live.task = self.loop.create_task(self._run(live))
        self.shutdown.watch()
        if self._ticker is None or self._ticker.done():
            # The ticker serves all replies, so it does not run in the context of one request.
            self._ticker = Context().run(self.loop.create_task, self._tick())

    async def _run(self, live: LiveReply) -> None:
        try:
            await run_reply(live, POOLED)
        finally:
            del self._live[live.id]
            self._forget(live)

    async def _tick(self) -> None:
        """Twice a second, check deadlines, write checkpoints, end stopped and deleted replies."""
        while self._live:
            await asyncio.sleep(checkpoints.INTERVAL)
            replies = [live for live in self._live.values() if not live.is_saved]
            for live in replies:
                # A reply that has ended only waits until it is saved.
                if live.ending is None and monotonic() - live.heard_at > live.timeout:
                    error = logged_error(live, Silent(live.timeout))
                    self._cancel(live, Ending.of_error(live.reply, error), None)
            self.shutdown.end_in_time()
            for group in _written_together(replies):
                await self._checkpoint(group)

    async def _checkpoint(self, replies: Sequence[LiveReply]) -> None:
        """Write the progress of the replies of one database; end stopped and deleted replies.

        If the write fails, only log this.
        """
        work = partial(replies[0].context.copy().run, checkpoints.checkpoint, replies)
        try:
            rows = await thread_pools.run_checkpoint(work)
        except Exception:
            logger.warning("A checkpoint of the replies could not be saved", exc_info=True)
            return
        for live in replies:
            if live.id not in rows:
                self._cancel(live, Ending(Status.STOPPED), 0)
            elif (at := rows[live.id]) is not None:
                self._cancel(live, Ending(Status.STOPPED), at)

    def _cancel(self, live: LiveReply, ending: Ending, at: int | None) -> None:
        """End the reply unless it has ended. `_run` then saves it."""
        if live.ending is not None:
            return
        live.ending = ending
        live.reply.close(at)
        if live.task is not None and live.driving:
            live.task.cancel()


def _written_together(replies: Iterable[LiveReply]) -> Iterable[Sequence[LiveReply]]:
    """Return the replies in groups whose rows one statement can write."""
    groups: dict[object, list[LiveReply]] = {}
    for live in replies:
        # With isolation, the database or schema of a row depends on the reply's context.
        key = live.id if conf.CHAT_REQUEST_ISOLATION else live.alias
        groups.setdefault(key, []).append(live)
    return groups.values()


class ProcessEngines:
    """The engines and replies of one process."""

    def __init__(self) -> None:
        self.live: dict[UUID, tuple[Engine, LiveReply]] = {}
        """The running replies of all engines, by id."""
        self.engines: PerLoop[Engine] = PerLoop()
        """The engines of the server's event loops."""
        self.background: Engine | None = None
        """The engine of the background thread; None before its first reply."""
        self.lock = threading.Lock()
        exit_callbacks.at_exit(self.finish)

    def finish(self) -> None:
        """At the end of the process, wait for the background loop, then save running replies."""
        background = self.background
        if background is not None:
            shutdown.wait_at_exit(
                background.shutdown.noticed_at,
                lambda: any(engine is background for engine, _live in self.live.values()),
            )
        shutdown.save_at_exit(live for _engine, live in list(self.live.values()))


running = PerProcess(ProcessEngines)
"""The engines and replies of this process."""


def ensure_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Start the thread that runs replies under WSGI, unless it is running.

    Inside a transaction, as in a `TestCase`, no thread is needed, so do nothing. Call this before
    the rows of a reply are written, so that an error leaves no rows behind.

    Args:
        loop: The server's event loop, which needs no thread; None under WSGI.

    Raises:
        PoolFull: The thread can't start.
    """
    if loop is None and not database.in_transaction():
        _background(running())


def start(live: LiveReply, *, loop: asyncio.AbstractEventLoop | None) -> None:
    """Start a reply whose rows are committed. Call `ensure_loop` before the rows are written.

    Inside a transaction, as in a `TestCase`, run the reply to its end instead.

    Args:
        live: The reply.
        loop: The server's event loop; None under WSGI.
    """
    process = running()
    if database.in_transaction():
        async_to_sync(_run_inside_transaction)(live)
        return
    if loop is not None:
        engine = process.engines.get(loop)
        if engine is None:
            engine = Engine(loop, forget=_forget, finishes_alone=False)
            engine = process.engines.setdefault(loop, engine)
    else:
        engine = _background(process)
    drop_closed(process)
    live.alias = database.alias()
    process.live[live.id] = (engine, live)
    workers().keep_connections(True)
    engine.start(live, engine_context())


def drop_closed(process: ProcessEngines) -> None:
    """Forget replies whose event loop was closed, because nothing runs them any more."""
    for reply_id, (engine, _live) in list(process.live.items()):
        if engine.loop.is_closed():
            _remove(process, reply_id, keeps_connections=False)


def _forget(live: LiveReply) -> None:
    """Forget a reply that has ended on a server's event loop.

    The connections of its steps stay open for the next reply, and are closed when they are idle,
    like the connections of the request pool. Otherwise a busy server would open a new connection
    for most replies.
    """
    _remove(running(), live.id, keeps_connections=True)


def _forget_in_background(live: LiveReply) -> None:
    """Forget a reply that has ended under WSGI, and close connections if it was the last one.

    The tests of a site run in such a process, and can't delete their database if a connection is
    open.
    """
    _remove(running(), live.id, keeps_connections=False)


def _remove(process: ProcessEngines, reply_id: UUID, *, keeps_connections: bool) -> None:
    process.live.pop(reply_id, None)
    if not process.live and not keeps_connections:
        workers().keep_connections(False)


def _background(process: ProcessEngines) -> Engine:
    """Return the engine of the background thread, which the first call starts.

    Raises:
        PoolFull: The thread can't start.
    """
    with process.lock:
        if process.background is None:
            loop = _new_loop()
            try:
                start_daemon(loop.run_forever, "sitechat-engine")
            except PoolFull:
                loop.close()
                raise
            process.background = Engine(loop, forget=_forget_in_background, finishes_alone=True)
        return process.background


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop: of uvloop, which is faster, if it is installed; else of asyncio."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _run_inside_transaction(live: LiveReply) -> None:
    try:
        await run_reply(live, IN_PLACE, converse=converse_in_time)
    finally:
        await claude.close_client()
