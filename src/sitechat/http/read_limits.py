"""Limit how often a session or an address calls the endpoints, and how many streams it opens.

The `*_views` call `check_call` before any database work. The limits are those of CHAT_READ_LIMITS.
They also count messages, but only to stop clients that call in a loop: `ledger` limits what
visitors may ask. Each process counts in its own memory. The defaults are far above what a visitor's
widget needs.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from math import ceil
from time import monotonic

from django.conf import settings
from django.http import HttpRequest

from sitechat.conf import conf
from sitechat.errors import RateLimited
from sitechat.http import retry_after
from sitechat.http.client_address import network_of
from sitechat.http.refusal_log import RefusalLog
from sitechat.runtime.per_process import PerProcess

PERIOD = 60.0
"""The period of the limits in seconds."""

MAX_KEYS = 20_000
"""Maximum number of counts in memory. A further count replaces the least recently used one."""

BURST_SHARE = 4
"""The limit per period, divided by this number, is the number of calls that are allowed at once."""

MIN_BURST = 20
"""Minimum number of calls that are allowed at once, if the limit is not lower."""

COUNTED = "sitechat.counted"
"""The key that marks a counted request in its ASGI scope or WSGI environment. The value is 0 if the
call is allowed, or else the seconds until a call is allowed."""


class TooManyCalls(RateLimited):
    """A session or an address makes too many calls, or too many streams are open."""


class CallCounts:
    """Counts of calls as token buckets: at most `burst` calls at once, and `limit` per period."""

    def __init__(self) -> None:
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(
        self, kind: str, key: str, limit: int, burst: int | None = None, now: float | None = None
    ) -> float:
        """Count the call and return 0 if it is allowed; else return the seconds until it is.

        Args:
            kind: The kind of call; each kind is counted separately.
            key: The session or address that makes the call.
            limit: The maximum number of calls per period.
            burst: The maximum number of calls at once; None for `limit`.
            now: The time in seconds; None for the current time.
        """
        now = monotonic() if now is None else now
        capacity = float(limit if burst is None else min(burst, limit))
        # A client can send cookies of many kilobytes, so keys are stored as digests.
        digest = blake2b(f"{kind} {key}".encode("utf-8", "replace"), digest_size=16).digest()
        with self._lock:
            left, since = self._left.pop(digest, (capacity, now))
            left = min(capacity, left + (now - since) * limit / PERIOD)
            allowed = left >= 1
            self._left[digest] = (left - allowed, now)
            if len(self._left) > MAX_KEYS:
                self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) * PERIOD / max(1, limit)


@dataclass(eq=False)
class CountedReader:
    """One reader of a stream. `reply` and `address` are the arguments of `Followers.enter`."""

    reply: str
    address: str
    is_open: bool = True


class Followers:
    """The numbers of open streams by address, and by what they follow: a reply or updates."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        # Reentrant: the garbage collector can close a stream while its thread holds the lock.
        self._lock = threading.RLock()

    def enter(self, reply: str, address: str) -> CountedReader:
        """Count one more stream.

        Args:
            reply: The id of the reply, or a name of the conversation whose updates are followed.
            address: The reader's network address.

        Raises:
            TooManyCalls: The reply or the address has too many open streams.
        """
        limits = conf.CHAT_READ_LIMITS
        with self._lock:
            is_full = (
                self._open[f"r{reply}"] >= limits["streams_of_reply"]
                or self._open[f"a{address}"] >= limits["streams_of_address"]
            )
            if not is_full:
                self._open.update([f"r{reply}", f"a{address}"])
        if is_full:
            refusal_log().add()
            raise TooManyCalls(retry_after=retry_after.NO_STREAM)
        return CountedReader(reply, address)

    def leave(self, reader: CountedReader) -> None:
        """Remove a reader's stream from the counts. A second call for the reader does nothing."""
        with self._lock:
            if not reader.is_open:
                return
            reader.is_open = False
            for key in (f"r{reader.reply}", f"a{reader.address}"):
                self._open[key] -= 1
                if self._open[key] <= 0:
                    del self._open[key]


calls = PerProcess(CallCounts)
"""The counts of this process."""

followers = PerProcess(Followers)
"""The open streams of this process."""

refusal_log = PerProcess(partial(RefusalLog, "Visitors make too many calls"))
"""The log of the calls that this process has refused."""


def check_call(request: HttpRequest, kind: str) -> None:
    """Count a call of the visitor. A request is counted only once, even if it is checked again.

    Args:
        request: The request. Its session and user are not loaded.
        kind: "reads" (conversations, updates and replies), "messages" or "actions" (stops, ratings,
            forms and so on).

    Raises:
        TooManyCalls: The session or the address has made too many calls.
    """
    counted = getattr(request, "scope", request.META)
    if COUNTED not in counted:
        counted[COUNTED] = _count(request, kind)
        if counted[COUNTED]:
            refusal_log().add()
    if counted[COUNTED]:
        raise TooManyCalls(retry_after=max(1, ceil(counted[COUNTED])))


def early_refusal(request: HttpRequest, kind: str) -> TooManyCalls | None:
    """Count a call as `check_call` does, and return the error that it raises.

    The view will refuse the call with the same error. Return None if the call is allowed, or if
    CHAT_READ_LIMITS is not valid.
    """
    try:
        check_call(request, kind)
    except TooManyCalls as error:
        return error
    except TypeError:  # the setting is not valid, which the view reports
        return None
    return None


def _count(request: HttpRequest, kind: str) -> float:
    """Count the call and return 0 if it is allowed; else return the seconds until it is."""
    limits, counts = conf.CHAT_READ_LIMITS, calls()
    # Count the session first: the address does not count a call that the session's limit refuses.
    wait = 0.0
    if session := session_cookie(request):
        limit = limits[f"{kind}_of_session"]
        wait = counts.take(f"{kind} of session", session, limit, allowed_at_once(limit))
    limit = limits[f"{kind}_of_address"]
    return wait or counts.take(
        f"{kind} of address", network_of(request), limit, allowed_at_once(limit)
    )


def allowed_at_once(limit: int) -> int:
    """Return the number of calls allowed at once. `CallCounts.take` reduces it to `limit`."""
    return max(limit // BURST_SHARE, MIN_BURST)


def session_cookie(request: HttpRequest) -> str:
    """Return the key in the session cookie; "" without a cookie. This loads no session."""
    return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
