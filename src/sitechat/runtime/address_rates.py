"""Rate limits by network address, counted in Django's cache.

They limit work, not money: the ledger counts messages, tokens and dollars. The endpoints for other
programs (`llms.txt`, MCP) and the reading of pages that are not indexed have such limits.
"""

from __future__ import annotations

import hashlib
import time
from enum import Enum

from django.core.cache import cache

from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")


class Rate(Enum):
    """How a request compares with a limit."""

    WITHIN = "within"
    EXCEEDED = "exceeded"
    UNKNOWN = "unknown"
    """Nothing can be counted, because the cache can't be reached or stores nothing."""


class _Outage:
    """Whether the current outage of the cache was logged. Each outage is logged only once."""

    def __init__(self) -> None:
        self.is_reported = False


outage = PerProcess(_Outage)
"""Returns the `_Outage` of this process."""


def count_request(
    kind: str, address: str, limit: int, seconds: int, now: float | None = None
) -> Rate:
    """Count a request, and return how it compares with the limit. This never raises.

    Args:
        kind: The kind of request. Each kind is counted separately.
        address: The network address, a prefix of it, or an identity of it.
        limit: The maximum number of requests in a period.
        seconds: The length of the period in seconds. A new count starts with each period.
        now: The time in seconds; None for the current time.
    """
    digest = hashlib.sha256(address.encode()).hexdigest()[:32]
    key = f"sitechat.rate:{kind}:{digest}:{int((time.time() if now is None else now) // seconds)}"
    state = outage()
    try:
        cache.add(key, 0, seconds)
        counted = int(cache.incr(key))
    except ValueError:  # the cache stores nothing, or Memcached can't be reached
        return Rate.UNKNOWN
    except Exception:  # each cache has its own exceptions
        if not state.is_reported:
            state.is_reported = True
            logger.exception("The cache can't be reached, so no requests can be counted")
        return Rate.UNKNOWN
    state.is_reported = False
    return Rate.WITHIN if counted <= limit else Rate.EXCEEDED


def allows(kind: str, address: str, limit: int, seconds: int, now: float | None = None) -> bool:
    """Count a request, and return whether it is within the limit; False if it can't be counted.

    The arguments are the same as for `count_request`.
    """
    return count_request(kind, address, limit, seconds, now) is Rate.WITHIN
