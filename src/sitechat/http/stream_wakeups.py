"""Wake the streams of an event loop, a few of them in each pass of the loop.

A pass is one iteration of the loop. A page of the site needs about twenty passes. If hundreds of
streams were woken in one pass, the page would wait for all of them each time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from sitechat.runtime.per_loop import PerLoop

WOKEN_AT_ONCE = 16
"""Number of streams that are woken in one pass of the loop. This takes about a millisecond."""

WAITING_DIVISOR = 4
"""If very many streams wait, one pass wakes a quarter of them, so that no stream waits for long."""

Wake = Callable[[], None]


class Wakeups:
    """The streams of one event loop that wait to be woken, in the order of their requests."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left = WOKEN_AT_ONCE
        """The number of streams that may still be woken in this pass."""
        self._waiting: deque[Wake] = deque()
        self._is_scheduled = False

    def request(self, wake: Wake) -> None:
        """Call `wake` on the loop, now or in a later pass. Can be called from any thread."""
        if running_loop() is self._loop:
            self._wake_or_queue(wake)
        else:
            self._loop.call_soon_threadsafe(self._wake_or_queue, wake)

    def _wake_or_queue(self, wake: Wake) -> None:
        if self._left:
            self._left -= 1
            wake()
        else:
            self._waiting.append(wake)
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._begin_pass)

    def _begin_pass(self) -> None:
        """Wake the next streams in a new pass of the loop."""
        self._is_scheduled = False
        self._left = max(WOKEN_AT_ONCE, len(self._waiting) // WAITING_DIVISOR)
        for _ in range(min(self._left, len(self._waiting))):
            self._wake_or_queue(self._waiting.popleft())


_wakeups: PerLoop[Wakeups] = PerLoop()


def wakeups_of(loop: asyncio.AbstractEventLoop) -> Wakeups:
    """Return the wakeups of a running event loop."""
    return _wakeups.get(loop) or _wakeups.setdefault(loop, Wakeups(loop))


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread; None if none runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
