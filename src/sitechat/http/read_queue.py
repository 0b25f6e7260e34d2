"""Under ASGI, let only a few calls of one session or address read at a time.

The database work of a process runs on a few threads. So if one session makes many calls at once,
they are not answered sooner, but the site's other pages wait behind them. Like `middleware_queue`,
this is a receiver of `request_started`: a call waits before Django's middleware uses a thread.
A call that exceeds CHAT_READ_LIMITS waits here for its refusal, which the view sends.

The steps of a call are:

1. `_wait` gets the signal. It waits for a place of the session, then for one of the address
   (`ReadQueue.enter`). If none is free within MAX_WAIT, the call goes on without a place.
2. The scope of the call gets a `Ticket` for each place.
3. `leave` frees the places when the view has the response, or a timer does after MAX_INSIDE. Both
   may use the same ticket, because its second `leave` does nothing.

Example: A session makes 12 calls at once. Two of them read, ten wait. Because 12 is more than
SLOWED_ABOVE, the place of a call that takes 0.1 seconds stays closed for another 0.7 seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from dataclasses import dataclass, field
from io import BytesIO
from time import monotonic
from typing import Any, cast

import django
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_started
from django.http import HttpRequest

from sitechat.http.chat_paths import is_read
from sitechat.http.client_address import network_of
from sitechat.http.read_limits import early_refusal, session_cookie
from sitechat.http.refusal_delay import brake
from sitechat.http.turn_queue import Ticket
from sitechat.runtime.daemon_threads import end_request_thread
from sitechat.runtime.per_loop import PerLoop

MAX_OF_SESSION = 2
"""Maximum number of calls of a session that read at the same time."""

MAX_OF_ADDRESS = 6
"""Maximum number of calls of a network address that read at the same time. It is not smaller than
the number of threads for database work, so that visitors who share an address lose nothing."""

SLOWED_ABOVE = 10
"""If a session has more calls than this, reading or waiting, its calls are slowed down."""

PAUSE_FACTOR = 7.0
"""If a session is slowed down, the pause after each call is this many times as long as the call.
With its two places, such a session keeps a quarter of a thread busy."""

MAX_PAUSE = 1.0
"""Maximum seconds of a pause."""

MAX_WAIT = 20.0
"""Seconds after which a call reads even if no place is free."""

MAX_INSIDE = 2.0
"""Seconds after which the place of a call is freed even if the call has not reached the view. For
instance, a middleware of the site may have answered it."""

READING = "sitechat.reading"
"""The key under which the ASGI scope of a call contains the tickets of its places."""

Scope = MutableMapping[str, Any]


class ReadQueue:
    """The places for calls of one event loop. A call that has its places may read."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._places: dict[str, _Places] = {}

    async def enter(self, key: str, places: int, *, slows_down: bool = False) -> Ticket | None:
        """Wait for a place, and return its ticket; None if no place was free within MAX_WAIT.

        Args:
            key: The session or address that calls.
            places: The number of places of this session or address.
            slows_down: Whether to pause between its calls if it makes many.
        """
        if (own := self._places.get(key)) is None:
            own = _Places(self, key, asyncio.Semaphore(places), slows_down)
            self._places[key] = own
        own.used += 1
        try:
            await asyncio.wait_for(own.semaphore.acquire(), MAX_WAIT)
        except BaseException as error:
            own.forget()
            if isinstance(error, asyncio.TimeoutError):
                return None
            raise
        loop = asyncio.get_running_loop()
        ticket = Ticket(_Place(own, loop, self.clock()))
        loop.call_later(MAX_INSIDE, ticket.leave)
        return ticket

    def is_full(self, key: str) -> bool:
        """Return whether the next call of a session or address has to wait."""
        return key in self._places and self._places[key].semaphore.locked()

    def remove(self, key: str) -> None:
        """Forget a session or address that has no calls now."""
        del self._places[key]

    def __len__(self) -> int:
        return len(self._places)


@dataclass
class _Places:
    """The places of one session or address."""

    queue: ReadQueue = field(repr=False)
    key: str
    semaphore: asyncio.Semaphore
    slows_down: bool
    """Whether its calls are slowed down if it makes many."""
    used: int = 0
    """The number of calls that have a place or wait for one."""

    def forget(self) -> None:
        """Subtract a call. The last call removes the session or address from the queue."""
        self.used -= 1
        if not self.used:
            self.queue.remove(self.key)


@dataclass
class _Place:
    """The place of one call. Its `Ticket` calls `leave` only once."""

    places: _Places
    loop: asyncio.AbstractEventLoop
    since: float
    """The time at which the call got its place."""

    def leave(self) -> None:
        """Free the place, after a pause if its session makes many calls."""
        pause = 0.0
        if self.places.slows_down and self.places.used > SLOWED_ABOVE:
            pause = min(PAUSE_FACTOR * (self.places.queue.clock() - self.since), MAX_PAUSE)
        self.places.forget()
        if pause:
            self.loop.call_later(pause, self.places.semaphore.release)
        else:
            self.places.semaphore.release()


_queues: PerLoop[ReadQueue] = PerLoop()


def connect() -> None:
    """Connect the receiver. Call it only in processes that serve ASGI; see `middleware_queue`."""
    if django.VERSION >= (5,):
        request_started.connect(_wait, dispatch_uid="sitechat.read_queue")


def leave(request: HttpRequest) -> None:
    """Free the places of a call when it has its response. Do nothing for other requests."""
    for ticket in cast("Scope", getattr(request, "scope", {})).get(READING, ()):
        ticket.leave()


async def _wait(*, scope: Scope, **_signal: object) -> None:
    """Let a call that reads wait for its places, or for its refusal."""
    if not is_read(scope) or await await_refusal(scope, "reads"):
        return
    scope[READING] = [ticket async for ticket in _tickets(ASGIRequest(scope, BytesIO()))]


async def await_refusal(scope: Scope, kind: str) -> bool:
    """Return whether the view or Django will refuse a call.

    If the call exceeds CHAT_READ_LIMITS, first wait until the refusal may be sent.

    Args:
        scope: The ASGI scope of the call.
        kind: The kind of call, as for `check_call`.
    """
    try:
        refusal = early_refusal(ASGIRequest(scope, BytesIO()), kind)
    except UnicodeDecodeError:  # Django refuses the request
        return True
    if refusal is None:
        return False
    end_request_thread()  # synchronous receivers have started it, and it would idle now
    await brake().hold_back(scope)
    return True


async def _tickets(request: HttpRequest) -> AsyncIterator[Ticket]:
    """Yield the tickets of a call: for its session, if it has one, and for its address.

    If no place was free within MAX_WAIT, the ticket is left out.
    """
    loop = asyncio.get_running_loop()
    if (queue := _queues.get(loop)) is None:
        queue = _queues.setdefault(loop, ReadQueue())
    # Many visitors may share an address, so its calls are not slowed down.
    needed = [(f"address {network_of(request)}", MAX_OF_ADDRESS, False)]
    if session := session_cookie(request):
        needed.insert(0, (f"session {session}", MAX_OF_SESSION, True))
    for key, places, slows_down in needed:
        if queue.is_full(key):
            end_request_thread()
        ticket = await queue.enter(key, places, slows_down=slows_down)
        if ticket is not None:
            yield ticket
