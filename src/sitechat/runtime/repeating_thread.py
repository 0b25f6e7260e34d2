"""A thread that repeats one step for a set of items, such as streams that read the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import sleep
from typing import Generic, TypeVar

from sitechat.runtime.daemon_threads import start_daemon
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.safe_logging import get_logger

T = TypeVar("T")

logger = get_logger("sitechat")


class RepeatingThread(Generic[T]):
    """A thread that repeats a step as long as it has items."""

    def __init__(
        self,
        name: str,
        step: Callable[[Sequence[T], KeptConnections], None],
        pause: Callable[[], float],
    ) -> None:
        """Prepare the thread. It starts with the first item, and ends when no items are left.

        Args:
            name: The name of the thread.
            step: Called with all items and the thread's database connections. Its exceptions are
                logged, and the thread continues.
            pause: Returns the seconds to wait before each step.
        """
        self._name = name
        self._step = step
        self._pause = pause
        self._added: set[T] = set()
        self._runs = False
        self._lock = threading.Lock()

    def add(self, item: T) -> None:
        """Include an item in all further steps.

        Raises:
            PoolFull: The thread can't start.
        """
        with self._lock:
            if not self._runs:
                start_daemon(self._run, self._name)
                self._runs = True
            self._added.add(item)

    def remove(self, item: T) -> None:
        """Leave an item out of all further steps."""
        with self._lock:
            self._added.discard(item)

    def _run(self) -> None:
        """Repeat the step until no items are left."""
        kept = KeptConnections()
        while True:
            sleep(self._pause())
            with self._lock:
                if not self._added:
                    self._runs = False
                    break
                items = list(self._added)
            try:
                self._step(items, kept)
            except Exception:  # the thread must continue
                logger.exception("A step of the thread %s failed", self._name)
        kept.close()
