"""Wake readers when the handoffs that they watch change.

One thread per process reads the rows of all watched handoffs, about once a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from time import sleep
from uuid import UUID

from django.utils import timezone

from sitechat.models import Handoff
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.people")

POLL = 0.8
"""Seconds between two reads of the rows."""


class Watch:
    """A reader that waits for changes of one handoff."""

    def __init__(self, conversation: UUID, wake: Callable[[], None]) -> None:
        self.conversation = conversation
        self._wake = wake
        self._seen: tuple[int, bool] | None = None

    def renew(self, state: tuple[int, bool]) -> None:
        """Wake the reader if the state has changed since the last call.

        The first call always wakes it, because the state may have changed since the reader read it.
        """
        if state == self._seen:
            return
        self._seen = state
        with suppress(RuntimeError):  # its event loop has just been closed
            self._wake()


class Watcher:
    """A thread that reads the rows of watched handoffs. It ends when nobody watches."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._running = False
        self._lock = threading.Lock()

    def add(self, watch: Watch) -> None:
        """Start to wake a reader at changes."""
        with self._lock:
            self._watches.add(watch)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="sitechat-watcher", daemon=True).start()

    def remove(self, watch: Watch) -> None:
        """Stop waking a reader at changes."""
        with self._lock:
            self._watches.discard(watch)

    def _run(self) -> None:
        kept = KeptConnections()
        while True:
            with self._lock:
                if not self._watches:
                    self._running = False
                    break
                watches = list(self._watches)
            try:
                kept.refresh()
                _read(watches)
            except Exception:  # keep the thread; readers also poll on their own
                logger.exception("Handoffs could not be read")
            finally:
                kept.used()
            sleep(POLL)
        kept.close()


watcher = PerProcess(Watcher)
"""The watcher of this process."""


def _read(watches: list[Watch]) -> None:
    now = timezone.now()
    ids = {watch.conversation for watch in watches}
    rows = Handoff.objects.filter(pk__in=ids).only("version", "state", "typing_until")
    states = {row.pk: (row.version, row.is_typing(now)) for row in rows}
    for watch in watches:
        watch.renew(states.get(watch.conversation, (-1, False)))
