"""Under ASGI, let only a few messages at a time enter Django's middleware.

Django runs each synchronous middleware of an ASGI request on a thread. If hundreds of messages
arrive at once, the site's other pages wait behind all of them, even if the view then refuses most
messages. Django sends the signal `request_started` before it calls the middleware, so a receiver of
the signal can let messages wait. This module refuses no message: `turn_queue` does this.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, cast

import django
from django.core.signals import request_started
from django.http import HttpRequest

from sitechat.http.chat_paths import is_message
from sitechat.http.read_queue import await_refusal
from sitechat.http.turn_queue import TICKET, Ticket
from sitechat.runtime.daemon_threads import end_request_thread
from sitechat.runtime.per_loop import PerLoop

MAX_ENTERING = 4
"""Maximum number of messages in the site's middleware: the number of places."""

MAX_WAIT = 20.0
"""Seconds after which a message enters even if no place is free."""

MAX_INSIDE = 1.0
"""Seconds after which the place of a message is freed even if it has not reached the view. For
instance, a middleware of the site may have answered it."""

ENTRANCE_TICKET = "sitechat.entrance"
"""The key under which the ASGI scope of a message contains its ticket of this queue. The value is
None if the message entered without a place. The ticket of `turn_queue` has another key."""

Scope = MutableMapping[str, Any]


class MiddlewareQueue:
    """The places in the site's middleware for the messages of one event loop.

    A message that has a place may enter the middleware. Each place has a `Ticket`.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MAX_ENTERING)

    @property
    def is_full(self) -> bool:
        """Whether the next message has to wait."""
        return self._places.locked()

    async def enter(self) -> Ticket | None:
        """Wait for a place, and return its ticket; None if no place was free within MAX_WAIT."""
        try:
            await asyncio.wait_for(self._places.acquire(), MAX_WAIT)
        except asyncio.TimeoutError:
            return None
        ticket = Ticket(self)
        asyncio.get_running_loop().call_later(MAX_INSIDE, ticket.leave)
        return ticket

    def leave(self) -> None:
        """Free a place."""
        self._places.release()


_queues: PerLoop[MiddlewareQueue] = PerLoop()


def connect() -> None:
    """Connect the receiver. Call it only in processes that serve ASGI.

    Under WSGI, Django would start an event loop for the receiver in every request of the site.
    Before Django 5.0, this does nothing, because signals had no asynchronous receivers.
    """
    if django.VERSION >= (5,):
        request_started.connect(_wait, dispatch_uid="sitechat.entrance")


def leave(request: HttpRequest) -> None:
    """Free the place of a message that has passed the site's middleware.

    This does nothing for requests without a place.
    """
    ticket = cast("Scope", getattr(request, "scope", {})).get(ENTRANCE_TICKET)
    if ticket is not None:
        ticket.leave()


async def _wait(*, scope: Scope, **_signal: object) -> None:
    """Let a message wait for a place or for its refusal, before Django calls the middleware."""
    if not is_message(scope) or TICKET in scope:  # `early_admission` has admitted the message
        return
    if await await_refusal(scope, "messages"):
        return
    loop = asyncio.get_running_loop()
    queue = _queues.get(loop) or _queues.setdefault(loop, MiddlewareQueue())
    if queue.is_full:
        end_request_thread()  # synchronous receivers have started it, and it would idle now
    scope[ENTRANCE_TICKET] = await queue.enter()
