"""A thread pool for the database work of requests under ASGI.

Django uses a thread for each ASGI request, and each thread opens its own database connections.
This pool has a few threads whose connections serve one request after another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.threads import in_callers_context

T = TypeVar("T")

THREADS = 6
"""Number of threads per process. More would share one interpreter and need more connections."""

MAX_WAITING = 500
"""Maximum number of waiting steps."""

IDLE = 3.0
"""Idle seconds after which a thread closes its connections and ends."""

Work = tuple["Future[Any]", Callable[[], Any]]


class PoolFull(Exception):
    """Too many steps are waiting for a thread."""


class RequestPool:
    """A bounded pool of daemon threads that keep their database connections while there is work.

    Work goes to the most recently used thread, so that other threads end if there is little load.
    """

    def __init__(self, threads: int = THREADS, name: str = "sitechat-request") -> None:
        self._max_threads = threads
        self._name = name
        self._threads = 0
        self._waiting: deque[Work] = deque()
        self._idle: list[SimpleQueue[Work]] = []
        self._lock = threading.Lock()

    def submit(self, step: Callable[[], T]) -> Future[T]:
        """Run the step on a thread, in the caller's context. Can be called from any thread.

        Raises:
            PoolFull: Too many steps are waiting.
        """
        future: Future[T] = Future()
        work: Work = (future, in_callers_context(step))
        with self._lock:
            if self._idle:
                self._idle.pop().put(work)
            elif self._threads < self._max_threads:
                self._threads += 1
                inbox: SimpleQueue[Work] = SimpleQueue()
                inbox.put(work)
                threading.Thread(
                    target=self._run, args=(inbox,), name=self._name, daemon=True
                ).start()
            elif len(self._waiting) < MAX_WAITING:
                self._waiting.append(work)
            else:
                raise PoolFull
        return future

    def _run(self, inbox: SimpleQueue[Work]) -> None:
        kept = KeptConnections()
        while (work := self._next(inbox)) is not None:
            _do(work, kept)
            # Release the last request while the thread waits.
            del work
            with self._lock:
                if self._waiting:
                    inbox.put(self._waiting.popleft())
                else:
                    self._idle.append(inbox)
        kept.close()

    def _next(self, inbox: SimpleQueue[Work]) -> Work | None:
        try:
            return inbox.get(timeout=IDLE)
        except Empty:
            with self._lock:
                if inbox in self._idle:
                    self._idle.remove(inbox)
                    self._threads -= 1
                    return None
        return inbox.get()  # work arrived at this moment


request_pool = PerProcess(RequestPool)
"""The pool of this process."""


def _do(work: Work, kept: KeptConnections) -> None:
    future, step = work
    if not future.set_running_or_notify_cancel():
        return
    try:
        kept.refresh()
        result = step()
    except BaseException as error:
        kept.used()
        future.set_exception(error)
    else:
        kept.used()
        future.set_result(result)
