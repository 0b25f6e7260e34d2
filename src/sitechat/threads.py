"""Threads for database steps that still work while their process ends.

Those of `ThreadPoolExecutor` take no more work once the main thread has ended, which is when
the last replies are saved.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

Work = tuple["Future[Any]", Callable[[], Any]]


class DaemonThreads(Executor):
    """At most so many daemon threads; they are begun as they are needed."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._threads = 0
        self._idle = threading.Semaphore(0)
        self._work: SimpleQueue[Work] = SimpleQueue()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run the call on one of the threads. Called from one thread, the loop's."""
        future: Future[T] = Future()
        self._work.put((future, lambda: fn(*args, **kwargs)))
        if not self._idle.acquire(blocking=False) and self._threads < self._most:
            self._threads += 1
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def _run(self) -> None:
        while True:
            future, call = self._work.get()
            if not future.set_running_or_notify_cancel():
                self._idle.release()
                continue
            try:
                result = call()
            except BaseException as error:
                self._idle.release()
                future.set_exception(error)
            else:
                self._idle.release()
                future.set_result(result)
            del future, call
