"""Count refusals, and log their number at most once a minute, instead of logging each refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.views")

LOG_EVERY = 60.0
"""Minimum seconds between two warnings of a `RefusalLog`."""


class RefusalLog:
    """The refusals of one kind in this process."""

    def __init__(self, reason: str, clock: Callable[[], float] = monotonic) -> None:
        """Create the log.

        Args:
            reason: Why requests are refused, as the beginning of the warning.
            clock: Returns the time in seconds.
        """
        self._reason = reason
        self._clock = clock
        self._count = 0
        """Number of refusals since the last warning."""
        self._logged: float | None = None
        self._lock = threading.Lock()

    def add(self) -> None:
        """Count a refusal. Log the number of refusals, at most once in LOG_EVERY seconds."""
        with self._lock:
            self._count += 1
            now = self._clock()
            if self._logged is not None and now - self._logged < LOG_EVERY:
                return
            count, self._count, self._logged = self._count, 0, now
        logger.warning("%s: %s were refused since the last warning", self._reason, count)
