"""Limit how many turns start at the same time in a process under ASGI.

A turn is a visitor's message and its reply. Starting a turn takes database work. A few turns start
at the same time, and some more wait for a moment. All others are refused before any work is done
for them, so that the site's other pages stay fast. A place is the permission to start a turn. A
turn that waits or has a place is not refused later for lack of room.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Protocol, cast

from sitechat.errors import Overloaded
from sitechat.http.refusal_log import RefusalLog
from sitechat.runtime.per_process import PerProcess

if TYPE_CHECKING:
    from django.http import HttpRequest

MAX_STARTING = 4
"""Maximum number of turns that are starting: the number of places."""

MAX_WAITING = 96
"""Maximum number of turns that wait."""

FIRST_PACE = 50.0
"""Assumed pace before the first measurement. The pace is how many turns get a place per second."""

SLOWEST, FASTEST = 1.0, 200.0
"""Bounds of the measured pace, in turns per second."""

WEIGHT = 0.1
"""Weight of the newest measurement in the average, 0 to 1."""

MAX_RETRY_SECONDS = 120.0
"""Maximum seconds that a refused visitor is asked to wait."""

TICKET = "sitechat.ticket"
"""The key under which the ASGI scope of a message contains its ticket of this queue, if
`early_admission` has admitted the message."""


class NoRoom(Overloaded):
    """The process has no room for one more turn that starts or waits."""


class HasPlaces(Protocol):
    """A queue with a limited number of places."""

    def leave(self) -> None:
        """Free a place."""


class Ticket:
    """The right to a place in a queue, until `leave` frees the place.

    Several callers may call `leave` for one ticket, for instance the view and a timer. Without the
    ticket, the second call would free the place of another caller. `read_queue` uses it too.
    """

    def __init__(self, queue: HasPlaces) -> None:
        self._queue: HasPlaces | None = queue

    def leave(self) -> None:
        """Free the place. A second call does nothing."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.leave()


class TurnQueue:
    """Admit turns in the order in which they arrive. Use it on the server's event loop.

    Example: 101 messages arrive at once. Four start, 96 wait, and the last one is refused. At a
    pace of 50 turns per second, its visitor is asked to return in 2 seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._starting = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pace = FIRST_PACE
        self._last_return = 0.0
        """The time at which the visitor who was refused last may try again."""
        self._last_leave: float | None = None
        """The time at which a turn last freed its place while others were waiting."""
        self._log = RefusalLog("Too many messages at once", clock)

    async def enter(self) -> Ticket:
        """Return the ticket of a place, possibly after a short wait.

        Raises:
            NoRoom: Too many turns wait. Each refused visitor gets a later `retry_after`, so
                that they do not all return at once.
        """
        if self._starting < MAX_STARTING:
            self._starting += 1
            return Ticket(self)
        if len(self._waiting) >= MAX_WAITING:
            raise NoRoom(retry_after=self._refuse())
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the turn was admitted just when its client left
            else:
                with suppress(ValueError):  # `leave` has just removed it
                    self._waiting.remove(turn)
            raise
        return Ticket(self)

    def leave(self) -> None:
        """Free a place, and admit the next turn that waits."""
        now = self._clock()
        if self._last_leave is not None:
            pace = 1 / max(now - self._last_leave, 1 / FASTEST)
            self._pace = max(SLOWEST, (1 - WEIGHT) * self._pace + WEIGHT * pace)
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._last_leave = now
                return
        self._last_leave = None
        self._starting -= 1

    def _refuse(self) -> int:
        """Count a refusal. Return the seconds after which the refused visitor should try again."""
        now = self._clock()
        self._log.add()
        queue_ends = now + len(self._waiting) / self._pace
        next_return = max(self._last_return, queue_ends) + 1 / self._pace
        self._last_return = min(next_return, now + MAX_RETRY_SECONDS)
        return min(ceil(MAX_RETRY_SECONDS), max(1, ceil(self._last_return - now)))


process_queue = PerProcess(TurnQueue)


async def enter(request: HttpRequest) -> Ticket:
    """Return the ticket that `early_admission` got for a request, or a new ticket.

    Raises:
        NoRoom: Too many turns wait.
    """
    ticket = getattr(request, "scope", {}).get(TICKET)
    return await process_queue().enter() if ticket is None else cast("Ticket", ticket)
