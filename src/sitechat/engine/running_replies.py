"""The replies that run in this process: start, find and stop them. `shutdown` ends them with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Container
from time import monotonic
from uuid import UUID

from asgiref.sync import async_to_sync

from sitechat import claude
from sitechat.engine import shutdown
from sitechat.engine.driver import converse_in_time
from sitechat.engine.event_loop import Engine, run_reply
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.engine.thread_pools import IN_PLACE, workers
from sitechat.models import Status
from sitechat.runtime import database, exit_callbacks
from sitechat.runtime.daemon_threads import PoolFull, start_daemon
from sitechat.runtime.per_loop import PerLoop
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.request_steps import engine_context
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")

STOP_WITHIN = 2.0
"""Maximum seconds that a stop waits for the end of the reply."""


class Running:
    """The engines and replies of one process."""

    def __init__(self) -> None:
        self.live: dict[UUID, tuple[Engine, LiveReply]] = {}
        self.engines: PerLoop[Engine] = PerLoop()
        self.background: Engine | None = None
        self.lock = threading.Lock()
        exit_callbacks.at_exit(self.finish)

    def finish(self) -> None:
        """Save the replies at the end of the process."""
        background = self.background
        if background is not None:
            shutdown.wait_at_exit(
                background.shutdown.since,
                lambda: any(engine is background for engine, _live in self.live.values()),
            )
        shutdown.save_at_exit(live for _engine, live in list(self.live.values()))


running = PerProcess(Running)
"""The engines and replies of this process."""


def ensure_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Start the thread that runs replies under WSGI, unless it is running.

    Call it before the rows of a reply are written, so that an error leaves no rows behind.

    Args:
        loop: The server's event loop, which needs no thread; None under WSGI.

    Raises:
        PoolFull: The thread can't start.
    """
    if loop is None and not database.in_transaction():
        _background(running())


def start(live: LiveReply, *, loop: asyncio.AbstractEventLoop | None) -> None:
    """Start a reply whose rows are committed, after `ensure_loop`. It needs no request any more.

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
    _drop_closed(process)
    live.alias = database.alias()
    process.live[live.id] = (engine, live)
    workers().keep_connections(True)
    engine.start(live, engine_context())


def find(reply_id: UUID) -> LiveReply | None:
    """Return the reply if it runs in this process, else None."""
    known = running().live.get(reply_id)
    return known[1] if known else None


def live_ids() -> list[UUID]:
    """Return the ids of the replies that this process runs."""
    process = running()
    _drop_closed(process)
    return list(process.live)


def _drop_closed(process: Running) -> None:
    """Forget replies whose event loop was closed, because nothing runs them any more."""
    for reply_id, (engine, _live) in list(process.live.items()):
        if engine.loop.is_closed():
            _remove(process, reply_id, keeps_connections=False)


def writes_to(address: str) -> bool:
    """Return whether a reply to that network address (`Visitor.ip`) runs in this process."""
    return any(live.visitor.ip == address for _engine, live in list(running().live.values()))


def stop(reply_id: UUID, at: int | None) -> bool:
    """Stop a reply, and wait until it is saved, at most `STOP_WITHIN` seconds.

    Args:
        reply_id: The reply.
        at: Maximum number of characters to keep; None for all.

    Returns:
        Whether the reply runs in this process.
    """
    process = running()
    _drop_closed(process)
    known = process.live.get(reply_id)
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


def end_in(conversation_ids: Container[UUID]) -> None:
    """Stop the replies of deleted conversations in this process, without waiting for them."""
    for engine, live in list(running().live.values()):
        if live.conversation_id in conversation_ids and not engine.loop.is_closed():
            engine.cancel(live, Ending(Status.STOPPED), 0)


def _forget(live: LiveReply) -> None:
    """Forget a reply that has ended on a server's event loop.

    The connections of its steps stay open for the next reply, and are closed when they are idle,
    like those of the request pool. A busy server would otherwise open a new one for most replies.
    """
    _remove(running(), live.id, keeps_connections=True)


def _forget_in_background(live: LiveReply) -> None:
    """Forget a reply that has ended under WSGI, and close connections if it was the last one.

    Tests of sites run in such processes, and an open connection would keep their database.
    """
    _remove(running(), live.id, keeps_connections=False)


def _remove(process: Running, reply_id: UUID, *, keeps_connections: bool) -> None:
    process.live.pop(reply_id, None)
    if not process.live and not keeps_connections:
        workers().keep_connections(False)


def _background(process: Running) -> Engine:
    """Return the engine of the background thread, which the first call starts."""
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
    """Return an event loop, of uvloop if it is installed: an event then costs a sixth less."""
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
