"""What each process has for itself: servers fork theirs, and a child must not use its parent's."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Calling it gives the process its own value, made at the first call."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._mine: tuple[int, T] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        pid, mine = os.getpid(), self._mine
        if mine is None or mine[0] != pid:
            with self._lock:
                mine = self._mine
                if mine is None or mine[0] != pid:
                    mine = self._mine = (pid, self._make())
        return mine[1]
