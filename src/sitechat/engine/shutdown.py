"""The end of a process: replies with followers may finish, and all others are saved.

Replies with followers have the server's grace period to finish. Under WSGI, replies without
followers have it too. Replies that still run after this period are saved as interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from time import monotonic, sleep
from uuid import UUID

from sitechat.engine import settlement
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.errors import Interrupted
from sitechat.models import Status
from sitechat.runtime import exit_callbacks, servers
from sitechat.runtime.database_connections import run_and_close
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")

SAVE_WITHIN = 3.0
"""Maximum seconds for which the process waits until replies without followers are saved."""

FINISH_WITHIN = 5.0
"""Maximum seconds that a WSGI process waits for replies at its end, when it serves no requests."""


class Shutdown:
    """The end of the process, for the replies of one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        live: Mapping[UUID, LiveReply],
        cancel: Callable[[LiveReply, Ending, int | None], None],
        *,
        finishes_alone: bool,
    ) -> None:
        """Prepare for the end of the process. Call `watch` to handle it.

        Args:
            loop: The event loop of the replies.
            live: The replies that run now.
            cancel: Ends a reply, on the loop.
            finishes_alone: Whether replies may finish although nobody follows them.
        """
        self._loop = loop
        self._live = live
        self._cancel = cancel
        self._finishes_alone = finishes_alone
        self._is_watching = False
        self._last_task: asyncio.Task[None] | None = None
        """Kept here, because the event loop has only weak references to its tasks."""
        self.noticed_at: float | None = None
        """The time at which the end of the process was first noticed."""

    def watch(self) -> None:
        """Handle SIGTERM from now on."""
        if not self._is_watching:
            self._is_watching = True
            exit_callbacks.on_terminate(self._terminate)

    def _terminate(self, call_next: exit_callbacks.CallNext) -> None:
        """Handle SIGTERM, which may interrupt the loop's thread at any point.

        `call_next` runs the next handler of the signal.
        """
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._save_unfollowed, call_next)
        else:
            call_next()

    def _save_unfollowed(self, call_next: exit_callbacks.CallNext) -> None:
        """End and save the replies that may not finish, then call `call_next`."""
        self.noticed_at = self.noticed_at or monotonic()
        self.end_in_time()

        async def save_and_call_next() -> None:
            ending = [live.task for live in self._live.values() if live.ending and live.task]
            if ending:
                await asyncio.wait(ending, timeout=SAVE_WITHIN)
            call_next()

        self._last_task = self._loop.create_task(save_and_call_next())

    def end_in_time(self) -> None:
        """If the process is ending, end the replies that may not finish.

        After the grace period, no reply may finish. Before it, replies with followers may; with
        `finishes_alone`, all replies may.
        """
        server = servers.current_server()
        if self.noticed_at is None:
            if not server.stopping():
                return
            self.noticed_at = monotonic()
        is_late = monotonic() - self.noticed_at > server.grace
        for live in list(self._live.values()):
            if is_late or (not self._finishes_alone and not live.followed):
                self._cancel(live, Ending(Status.INTERRUPTED, Interrupted()), None)


def wait_at_exit(noticed_at: float | None, is_running: Callable[[], bool]) -> None:
    """Wait for the replies of a background loop.

    The wait ends at the latest after the grace period or FINISH_WITHIN, whichever is shorter.

    Args:
        noticed_at: The time at which the end of the process was first noticed; None for now.
        is_running: Returns whether a reply of the loop is still running.
    """
    deadline = (noticed_at or monotonic()) + min(servers.current_server().grace, FINISH_WITHIN)
    while monotonic() < deadline and is_running():
        sleep(0.05)


def save_at_exit(replies: Iterable[LiveReply]) -> None:
    """Save replies that still run at the end of the process, as interrupted."""
    for live in replies:
        live.reply.close(None)
        live.ending = live.ending or Ending(Status.INTERRUPTED, Interrupted())
        try:
            run_and_close(partial(live.context.copy().run, settlement.finish, live))
        except Exception:
            logger.exception("Reply %s could not be saved at the end of its process", live.id)
