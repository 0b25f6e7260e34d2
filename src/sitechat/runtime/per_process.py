"""State of one process. Servers fork, and a child process must not use its parent's state."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A callable that returns the value of this process, which the first call creates."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._current: tuple[int, T] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """Return the value of this process."""
        pid, current = os.getpid(), self._current
        if current is None or current[0] != pid:
            with self._lock:
                current = self._current
                if current is None or current[0] != pid:
                    current = self._current = (pid, self._make())
        return current[1]

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Use a new value in the block, as a new process would, and then the old one. For tests."""
        kept, self._current = self._current, None
        try:
            yield
        finally:
            self._current = kept
