"""A circuit breaker: stops sending requests for a while if Claude is overloaded.

`call` reports failures and successes. `http.admission` asks whether new messages are refused.

Each process has its own breaker. After many consecutive failures, new messages are refused before
anything is stored or reserved for them. After a pause, new messages are sent to Claude again. Until
Claude completes an answer, each further failure starts another pause.
"""

from __future__ import annotations

import threading
from math import ceil
from time import monotonic

from sitechat.errors import ApiError, ClaudeRateLimit, ReplyError
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.claude")

FAILURES = 10
"""Consecutive failed calls that open the breaker. Retries within a call are not counted."""

PAUSE = 15.0
"""Minimum seconds of a pause. It is longer if Claude's `retry-after` is."""

MAX_PAUSE = 60.0
"""Maximum seconds of a pause."""


class Circuit:
    """The state of the breaker: closed while Claude answers, open during a pause."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        """The end of the last pause (`monotonic`); 0 if there was no pause since a success."""
        self._lock = threading.Lock()

    def record_failure(self, error: ReplyError, *, is_unreachable: bool = False) -> None:
        """Count a failed call, and start a pause after FAILURES of them.

        An error counts if Claude can't be reached, failed with a status of 500 or higher, or
        reported a rate limit. Other errors, such as timeouts during an answer, change nothing.

        Args:
            error: The error that the visitor sees.
            is_unreachable: Whether no connection could be made, for example within its time limit.
        """
        status = error.extra.get("status")
        overloaded = (
            isinstance(error, ApiError) and error.retryable and (status is None or status >= 500)
        )
        if not (overloaded or is_unreachable or isinstance(error, ClaudeRateLimit)):
            return
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                pause = min(max(PAUSE, error.retry_after or 0), MAX_PAUSE)
                if not self._until:
                    logger.warning(
                        "Claude failed %d times in a row: new messages are refused for a while",
                        FAILURES,
                    )
                self._until = monotonic() + pause

    def record_success(self) -> None:
        """Reset the number of failures, and end a pause, after a complete answer."""
        if self._failures:
            with self._lock:
                self._failures, self._until = 0, 0.0

    def open_for(self) -> int:
        """Return the seconds until Claude may be called again, rounded up; 0 without a pause."""
        return max(0, ceil(self._until - monotonic()))


circuit = PerProcess(Circuit)
"""The breaker of this process."""
