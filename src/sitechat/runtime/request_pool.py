"""A thread pool for the database work of requests under ASGI.

Django uses a thread for each ASGI request, and each thread opens its own database connections.
This pool has a few threads whose connections serve one request after another. `request_steps`
submits the work.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from sitechat.runtime.daemon_threads import in_callers_context
from sitechat.runtime.database_threads import DatabaseThreads
from sitechat.runtime.per_process import PerProcess

T = TypeVar("T")

THREADS = 6
"""Threads per process. More threads would need more connections and share one interpreter."""

MAX_WAITING = 500
"""Maximum number of waiting steps."""


class RequestPool:
    """A bounded pool of threads. A thread ends after it has been idle for some seconds."""

    def __init__(self, threads: int = THREADS, name: str = "sitechat-request") -> None:
        self._threads = DatabaseThreads(threads, name, max_waiting=MAX_WAITING, end_if_idle=True)

    def submit(self, step: Callable[[], T]) -> Future[T]:
        """Run the step on a thread, in the caller's context. Can be called from any thread.

        Raises:
            PoolFull: Too many steps are waiting, or the pool has no thread and can't start one.
        """
        return self._threads.submit(in_callers_context(step))


request_pool = PerProcess(RequestPool)
"""The pool of this process."""
