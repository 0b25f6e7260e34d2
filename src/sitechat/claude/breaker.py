"""A circuit breaker: stops sending requests for a while if Claude is overloaded.

Each process has its own. After many consecutive failures it refuses new messages before anything
is stored or reserved for them. After a pause, the next messages are tried again.
"""

from __future__ import annotations

import threading
from math import ceil
from time import monotonic

from sitechat.errors import ApiError, ClaudeRateLimit, ReplyError
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.claude")

FAILURES = 10
"""Consecutive failed replies that open the breaker. Each of them has been tried three times."""

PAUSE = 15.0
MAX_PAUSE = 60.0
"""Shortest and longest pause after a failure, in seconds. Between them, Claude's `retry-after`
decides."""

_lock = threading.Lock()
_failures = 0
_until = 0.0


def failed(error: ReplyError) -> None:
    """Count a failed reply, if Claude was overloaded or could not be reached."""
    global _failures, _until  # noqa: PLW0603
    status = error.extra.get("status")
    overloaded = (
        isinstance(error, ApiError) and error.retryable and (status is None or status >= 500)
    )
    if not (overloaded or isinstance(error, ClaudeRateLimit)):
        return
    with _lock:
        _failures += 1
        if _failures >= FAILURES:
            pause = min(max(PAUSE, error.retry_after or 0), MAX_PAUSE)
            if not _until:
                logger.warning(
                    "Claude failed %d times in a row: new messages are refused for a while",
                    FAILURES,
                )
            _until = monotonic() + pause


def worked() -> None:
    """Reset the count after a complete reply."""
    global _failures, _until
    if _failures:
        with _lock:
            _failures, _until = 0, 0.0


def closed_for() -> int:
    """Return the seconds until Claude may be asked again, rounded up; 0 if it may be asked now."""
    return max(0, ceil(_until - monotonic()))
