"""Delay refusals under ASGI, to slow down clients that call in a loop.

A client in a loop calls again as soon as it is refused. So refusals are sent one after another: all
loops together then make only as many calls as the process sends refusals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from sitechat.runtime.per_process import PerProcess

DELAY = 1.0
"""Seconds by which a refusal is delayed if no other refusal is delayed."""

PER_SECOND = 50.0
"""Maximum number of delayed refusals that a process sends per second."""

MAX_HELD_BACK = 2000
"""Maximum number of delayed refusals in a process. Further refusals are sent at once."""

HELD_BACK = "sitechat.held_back"
"""The key in the ASGI scope of a request whose refusal was delayed."""

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Brake:
    """Delay refusals on the server's event loop, where waiting costs no thread."""

    def __init__(self) -> None:
        self.held_back = 0
        """The number of refusals that are delayed at present."""

    @property
    def delay(self) -> float:
        """The seconds by which the next refusal is delayed."""
        return DELAY + self.held_back / PER_SECOND

    async def hold_back(
        self, scope: MutableMapping[str, Any], receive: Receive | None = None
    ) -> None:
        """Wait until a refusal may be sent. A second call for a request does not wait.

        If MAX_HELD_BACK refusals are already delayed, this also does not wait.

        Args:
            scope: The ASGI scope of the request.
            receive: Receives the client's events, so that the wait ends if the client disconnects.
                None to wait in any case.
        """
        if HELD_BACK in scope or self.held_back >= MAX_HELD_BACK:
            return
        scope[HELD_BACK] = True
        delay = self.delay
        self.held_back += 1
        try:
            if receive is None:
                await asyncio.sleep(delay)
            else:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(_disconnected(receive), delay)
        finally:
            self.held_back -= 1


async def _disconnected(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


brake = PerProcess(Brake)
