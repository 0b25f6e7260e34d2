"""Rate limits by network address, counted in Django's cache.

They limit work, not money: messages, tokens and dollars are counted by the ledger.
"""

from __future__ import annotations

import hashlib
import time

from django.core.cache import cache


def allows(what: str, address: str, limit: int, seconds: int, now: float | None = None) -> bool:
    """Count a request, and return whether it is within the limit.

    Args:
        what: The kind of request.
        address: The network address, or the prefix that stands for it.
        limit: Maximum requests in a period.
        seconds: Length of the period in seconds.
        now: The time in seconds; the current time by default.
    """
    digest = hashlib.sha256(address.encode()).hexdigest()[:32]
    key = f"sitechat.rate:{what}:{digest}:{int((time.time() if now is None else now) // seconds)}"
    try:
        cache.add(key, 0, seconds)
        return int(cache.incr(key)) <= limit
    except ValueError:  # the cache stores nothing, so nothing can be counted
        return False
