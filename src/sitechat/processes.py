"""What one process runs, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING
from uuid import UUID
from weakref import WeakKeyDictionary

from sitechat import bookkeeping, servers, termination
from sitechat.driver import Ending, LiveReply
from sitechat.errors import Interrupted
from sitechat.models import Status

if TYPE_CHECKING:
    from sitechat.engine import Engine

logger = logging.getLogger("sitechat.engine")

FINISH_WITHIN = 5.0
"""Seconds that replies get to finish when a WSGI process ends; it serves nobody meanwhile."""


class Running:
    """The engines and replies of one process."""

    def __init__(self) -> None:
        self.live: dict[UUID, tuple[Engine, LiveReply]] = {}
        self.engines: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()
        self.background: Engine | None = None
        termination.at_exit(self.finish)

    def finish(self) -> None:
        """The process ends: replies of the background finish in the server's time, and what
        then still runs is saved as interrupted."""
        background = self.background
        if background is not None:
            since = background.ending_since or monotonic()
            deadline = since + min(servers.current_server().grace, FINISH_WITHIN)
            while monotonic() < deadline and any(e is background for e, _ in self.live.values()):
                sleep(0.05)
        for _engine, live in list(self.live.values()):
            live.reply.close(None)
            live.ending = live.ending or Ending(Status.INTERRUPTED, Interrupted())
            try:
                bookkeeping.step(partial(bookkeeping.finish, live))
            except Exception:
                logger.exception("Reply %s could not be saved at the end of its process", live.id)
