"""Changes of handoffs, for readers that wait for them: their rows are read about once a second.

One thread of the process reads the rows of all conversations that somebody watches here.
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
"""Seconds between two looks at the rows."""


class Watch:
    """One reader who waits for changes of a handoff."""

    def __init__(self, conversation: UUID, wake: Callable[[], None]) -> None:
        self.conversation = conversation
        self._wake = wake
        self._seen: tuple[int, bool] | None = None

    def renew(self, state: tuple[int, bool]) -> None:
        """Wake the reader if the state has changed since the last look.

        The first look wakes it too: the state may have changed since the reader itself looked.
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
        """Wake a reader at changes from now on."""
        with self._lock:
            self._watches.add(watch)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="sitechat-watcher", daemon=True).start()

    def remove(self, watch: Watch) -> None:
        """Stop waking a reader."""
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
                _look(watches)
            except Exception:  # the thread must go on; the readers look by themselves meanwhile
                logger.exception("Handoffs could not be read")
            finally:
                kept.used()
            sleep(POLL)
        kept.close()


watcher = PerProcess(Watcher)
"""The watcher of this process."""


def _look(watches: list[Watch]) -> None:
    now = timezone.now()
    ids = {watch.conversation for watch in watches}
    rows = Handoff.objects.filter(pk__in=ids).only("version", "state", "typing_until")
    states = {row.pk: (row.version, row.is_typing(now)) for row in rows}
    for watch in watches:
        watch.renew(states.get(watch.conversation, (-1, False)))
