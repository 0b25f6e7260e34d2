"""Run the replies of one event loop. Requests follow replies, which do not depend on a request.

Each running reply is a task on an event loop: the server's loop under ASGI, or the loop of a
background thread under WSGI, which starts with the first reply of a process (after a fork). Both
run the same driver. A reply that starts inside an open transaction, as in a `TestCase`, runs
immediately on the thread of the transaction, as no other thread could see its rows.

Database work is done in short steps on the engine's threads (`thread_pools`), which keep their
connections while replies run. Twice a second one statement writes the progress of all replies of
the process, which also shows that they are alive.

`shutdown` ends the replies with their process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from functools import partial
from time import monotonic
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from sitechat.claude.failures import Silent
from sitechat.conf import conf
from sitechat.engine import checkpoints, settlement, thread_pools
from sitechat.engine.driver import converse, explained
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.engine.shutdown import Shutdown
from sitechat.engine.thread_pools import POOLED, Steps
from sitechat.errors import Interrupted
from sitechat.models import Status
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")

SAVE_AGAIN = 2.0
"""Seconds until a failed save of a reply is retried."""


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

        Call it from any thread, once the rows are committed.
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
            # It serves all replies, so it does not run in the context of one request.
            self._ticker = Context().run(self.loop.create_task, self._tick())

    async def _run(self, live: LiveReply) -> None:
        try:
            await run_reply(live, POOLED)
        finally:
            del self._live[live.id]
            self._forget(live)

    async def _tick(self) -> None:
        """Twice a second, write checkpoints, obey other processes' stops and check deadlines."""
        while self._live:
            await asyncio.sleep(checkpoints.CHECKPOINT)
            replies = [live for live in self._live.values() if not live.closed]
            for live in replies:
                # A reply that has ended only waits until it is saved.
                if live.ending is None and monotonic() - live.heard_at > live.timeout:
                    error = explained(live, Silent(live.timeout))
                    self._cancel(live, Ending.of_error(live.reply, error), None)
            self.shutdown.end_in_time()
            for group in _written_together(replies):
                await self._checkpoint(group)

    async def _checkpoint(self, replies: Sequence[LiveReply]) -> None:
        """Write the progress of the replies of one database, and end those that were stopped."""
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


async def run_reply(
    live: LiveReply,
    steps: Steps,
    converse: Callable[[LiveReply, Steps], Awaitable[Ending]] = converse,
) -> None:
    """Drive the reply to its end, save it and notify its followers."""
    loop_ends = False
    if live.ending is None:
        live.driving = True
        try:
            ending = await converse(live, steps)
        except asyncio.CancelledError:
            loop_ends = live.ending is None
            ending = Ending(Status.INTERRUPTED, Interrupted())
        live.driving = False
        live.ending = live.ending or ending
    live.reply.close(None)
    while not await _saved(live, steps) and not loop_ends:
        live.reply.set_phase("unsaved", _("This answer could not be saved yet."))
        live.finish_and_wake()
        await asyncio.sleep(SAVE_AGAIN)
    live.finish_and_wake()


async def _saved(live: LiveReply, steps: Steps) -> bool:
    """Save the end of the reply. Return False if the save must be retried."""
    try:
        await steps.database(partial(settlement.finish, live))
    except settlement.REJECTED:
        live.rejected_saves += 1
        if live.rejected_saves < settlement.GIVEN_UP_AFTER:
            logger.exception("The database rejected reply %s; the save is retried", live.id)
            return False
        logger.exception("The database rejected reply %s; it will not be saved", live.id)
    except Exception:
        logger.exception("Reply %s could not be saved; the save is retried", live.id)
        return False
    live.closed = True
    return True
