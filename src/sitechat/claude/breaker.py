"""The circuit breaker: a Claude that is overloaded is left alone for a while.

It counts in this process. After many failures in a row it refuses new messages, before anything
is written or reserved for them; when its time is over the next few try again.
"""

from __future__ import annotations

import logging
import threading
from math import ceil
from time import monotonic

from sitechat.errors import ApiError, ClaudeRateLimit, ReplyError

logger = logging.getLogger("sitechat.claude")

FAILURES = 10
"""Replies that must fail in a row: fewer may be bad luck, and each has been tried three times."""

PAUSE = 15.0
LONGEST_PAUSE = 60.0
"""Seconds that new messages are refused after each further failure: as long as Claude asks for,
within these."""

_lock = threading.Lock()
_failures = 0
_until = 0.0


def failed(error: ReplyError) -> None:
    """A reply failed. Only overload and unreachability count: other failures are its own."""
    global _failures, _until  # noqa: PLW0603
    status = error.extra.get("status")
    overloaded = isinstance(error, ApiError) and (status is None or status >= 500)
    if not (overloaded or isinstance(error, ClaudeRateLimit)):
        return
    with _lock:
        _failures += 1
        if _failures >= FAILURES:
            pause = min(max(PAUSE, error.retry_after or 0), LONGEST_PAUSE)
            if not _until:
                logger.warning(
                    "Claude failed %d times in a row: new messages are refused for a while",
                    FAILURES,
                )
            _until = monotonic() + pause


def worked() -> None:
    """A reply was written to its end."""
    global _failures, _until
    if _failures:
        with _lock:
            _failures, _until = 0, 0.0


def closed_for() -> int:
    """Seconds, rounded up, until Claude may be asked again; 0 when it may."""
    return max(0, ceil(_until - monotonic()))
