"""Throttling of work on an index, so that it does not delay visitors."""

from __future__ import annotations

import time
from collections.abc import Callable

_SLICE = 0.01
"""Seconds of work before a pause. During this work, other threads may wait for Python's GIL."""


class Pace:
    """A throttle, to be called between small pieces of work.

    Args:
        share: The share of the time that is spent on work, above 0 and up to 1. With 1 there are no
            pauses.
        clock: Returns the time in seconds.
        rest: Waits for the given number of seconds.
    """

    def __init__(
        self,
        share: float = 1.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        self._pause_per_second = 1 / share - 1
        self._clock = clock
        self._rest = rest
        self._slice_start = clock()

    def __call__(self) -> None:
        """Pause if at least 10 ms of work were done since the last pause, for at most a second."""
        worked = self._clock() - self._slice_start
        if self._pause_per_second and worked >= _SLICE:
            self._rest(min(worked * self._pause_per_second, 1.0))
            self._slice_start = self._clock()
