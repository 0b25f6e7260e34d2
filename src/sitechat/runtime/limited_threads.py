"""A pool of daemon threads for calls that may hang.

Such calls are embedders, and views of the site that render its pages for the search.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sitechat.runtime.daemon_threads import DaemonThreads, PoolFull

T = TypeVar("T")


class LimitedThreads:
    """A pool that refuses calls if too many wait. A caller can give up a call that waits.

    The process can end while calls are running.

    Args:
        max_threads: Maximum number of calls that run at once.
        max_waiting: Maximum number of calls that wait for a thread.
        name: The name of the threads.
    """

    def __init__(self, max_threads: int, max_waiting: int, name: str) -> None:
        self._max_threads = max_threads
        self._max_waiting = max_waiting
        self._threads = DaemonThreads(max_threads, name)
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._active = 0
        self._changed = threading.Condition()

    def submit(self, work: Callable[[], T]) -> Future[T] | None:
        """Run a call on one of the threads, now or later, and return its future.

        Return None if too many calls wait, or if no thread is busy and none can start.
        """
        future: Future[T] = Future()
        with self._changed:
            starts = self._active < self._max_threads
            if not starts and len(self._waiting) >= self._max_waiting:
                return None
            self._waiting.append((future, work))
            self._active += starts
        if starts:
            try:
                self._threads.submit(self._run)
            except PoolFull:
                return self._without_thread(future)
        return future

    def _without_thread(self, future: Future[T]) -> Future[T] | None:
        """Return the future if a busy thread can run the call later; else drop it, return None."""
        with self._changed:
            self._active -= 1
            self._changed.notify_all()
            others = self._active > 0
        if not others:
            self.give_up(future)
        return None if future.cancelled() else future

    def give_up(self, future: Future[Any]) -> None:
        """Drop a call if it has not started."""
        if future.cancel():
            with self._changed:
                self._waiting = deque(each for each in self._waiting if each[0] is not future)

    def waiting(self) -> int:
        """Return the number of calls that wait for a thread."""
        return len(self._waiting)

    def wait(self, seconds: float) -> bool:
        """Wait until no call runs or waits; return False if it takes longer than `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._active, seconds)

    def _run(self) -> None:
        """Run the waiting calls, until no call waits."""
        while True:
            with self._changed:
                if not self._waiting:
                    self._active -= 1
                    self._changed.notify_all()
                    return
                future, work = self._waiting.popleft()
            _call(future, work)
            del future, work  # an idle thread keeps no result


def _call(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
