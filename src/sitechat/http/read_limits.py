"""Limit calls that cost work but no money, such as reading conversations and rating replies.

Each process counts in its own memory. The defaults of CHAT_READ_LIMITS are far above what a
visitor's widget needs.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict
from hashlib import blake2b
from math import ceil
from time import monotonic

from django.conf import settings
from django.http import HttpRequest

from sitechat.conf import conf
from sitechat.errors import RateLimited
from sitechat.http.client_address import network_of
from sitechat.runtime.per_process import PerProcess

PERIOD = 60.0
"""The period of the limits in seconds."""

MAX_KEYS = 20_000
"""Maximum number of counted sessions and addresses. The least recently used one is dropped."""

STREAM_RETRY_AFTER = 5
"""`Retry-After` in seconds if too many streams are open."""

REFUSAL_DELAY = 1.0
"""Seconds by which a refusal is delayed under ASGI, to slow down clients that call in a loop."""

MAX_HELD_BACK = 2000
"""Maximum number of delayed refusals in a process."""

COUNTED = "sitechat.counted"
"""The key in the ASGI scope of a request that `early_admission` has counted."""


class TooManyReads(RateLimited):
    """A session or an address makes too many calls that do not ask Claude."""


class CallCounts:
    """Token buckets. A key may make `limit` calls at once, and then `limit` calls per period."""

    def __init__(self) -> None:
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, kind: str, key: str, limit: int, now: float | None = None) -> float:
        """Count a call and return the seconds until it is allowed; 0 if it is allowed now.

        Args:
            kind: The kind of call; each kind is counted separately.
            key: The session or address that makes the call.
            limit: The maximum number of calls per period.
            now: The time in seconds; by default the current time.
        """
        now = monotonic() if now is None else now
        # A client can send cookies of many kilobytes, so keys are stored as digests.
        digest = blake2b(f"{kind} {key}".encode("utf-8", "replace"), digest_size=16).digest()
        with self._lock:
            left, since = self._left.pop(digest, (float(limit), now))
            left = min(float(limit), left + (now - since) * limit / PERIOD)
            allowed = left >= 1
            self._left[digest] = (left - allowed, now)
            if len(self._left) > MAX_KEYS:
                self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) * PERIOD / max(1, limit)


class Followers:
    """The number of open streams of each reply and each address."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        # Reentrant: the garbage collector can close a stream while its thread holds the lock.
        self._lock = threading.RLock()

    def enter(self, reply: str, address: str) -> None:
        """Count one more stream.

        Args:
            reply: The id of the reply.
            address: The hash of the reader's network address.

        Raises:
            TooManyReads: The reply or the address has too many open streams.
        """
        limits = conf.CHAT_READ_LIMITS
        with self._lock:
            if (
                self._open[f"r{reply}"] >= limits["streams_of_reply"]
                or self._open[f"a{address}"] >= limits["streams_of_address"]
            ):
                raise TooManyReads(retry_after=STREAM_RETRY_AFTER)
            self._open.update([f"r{reply}", f"a{address}"])

    def leave(self, reply: str, address: str) -> None:
        """Count one stream less. The arguments are those of `enter`."""
        with self._lock:
            for key in (f"r{reply}", f"a{address}"):
                self._open[key] -= 1
                if self._open[key] <= 0:
                    del self._open[key]


class Brake:
    """Delay refusals on the server's event loop, where waiting costs no thread."""

    def __init__(self) -> None:
        self._held_back = 0

    async def hold_back(self) -> None:
        """Wait for `REFUSAL_DELAY` seconds, unless too many refusals are already delayed."""
        if self._held_back >= MAX_HELD_BACK:
            return
        self._held_back += 1
        try:
            await asyncio.sleep(REFUSAL_DELAY)
        finally:
            self._held_back -= 1


brake = PerProcess(Brake)
calls = PerProcess(CallCounts)
followers = PerProcess(Followers)


def check_call(request: HttpRequest, kind: str) -> None:
    """Count a call of the visitor. A second call for the same ASGI request does nothing.

    Args:
        request: The request. Its session and user are not loaded.
        kind: "reads" (conversations and updates) or "actions" (stops, ratings, forms and so on).

    Raises:
        TooManyReads: The session or the address has made too many calls.
    """
    scope = getattr(request, "scope", {})
    if COUNTED in scope:
        return
    scope[COUNTED] = True
    limits, counts = conf.CHAT_READ_LIMITS, calls()
    wait = counts.take(f"{kind} of address", network_of(request), limits[f"{kind}_of_address"])
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not wait and session:
        wait = counts.take(f"{kind} of session", session, limits[f"{kind}_of_session"])
    if wait:
        raise TooManyReads(retry_after=max(1, ceil(wait)))
