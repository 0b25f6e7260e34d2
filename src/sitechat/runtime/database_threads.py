"""Daemon threads that keep their database connections from one piece of work to the next.

The engine and the request pool run their database steps on such threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sitechat.runtime.daemon_threads import PoolFull, Work, start_daemon
from sitechat.runtime.database_connections import KeptConnections

T = TypeVar("T")

IDLE_SECONDS = 3.0
"""Idle seconds after which a thread closes its connections, or ends if `end_if_idle` is set."""


class DatabaseThreads(Executor):
    """A bounded pool of daemon threads that keep their database connections while there is work.

    The thread that became idle last gets the next work. So if there is little work, the other
    threads close their connections. Like `DaemonThreads`, the pool accepts work after the main
    thread has ended.
    """

    def __init__(
        self, threads: int, name: str, *, max_waiting: int | None = None, end_if_idle: bool = False
    ) -> None:
        """Create the pool. Threads start when they are needed.

        Args:
            threads: The maximum number of threads.
            name: The name of the threads.
            max_waiting: The maximum number of waiting calls; None for any number.
            end_if_idle: Whether idle threads end. Use False for work that is done when the process
                ends: from Python 3.12 on, no thread can start then.
        """
        self._max_threads = threads
        self._name = name
        self._max_waiting = max_waiting
        self._end_if_idle = end_if_idle
        self._keeps_connections = True
        self._threads = 0
        self._waiting: deque[Work] = deque()
        self._idle: list[SimpleQueue[Work | None]] = []
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run the call on one of the threads. Can be called from any thread.

        Raises:
            PoolFull: Too many calls are waiting, or the pool has no thread and can't start one.
        """
        future: Future[T] = Future()
        work: Work = (future, lambda: fn(*args, **kwargs))
        with self._lock:
            if self._idle:
                self._idle.pop().put(work)
            elif self._threads < self._max_threads:
                self._start_for(work)
            else:
                self._queue(work)
        return future

    def _start_for(self, work: Work) -> None:
        """Start a thread for the work. If no thread can start, queue the work for a busy thread."""
        inbox: SimpleQueue[Work | None] = SimpleQueue()
        inbox.put(work)
        try:
            start_daemon(partial(self._run, inbox), self._name)
        except PoolFull:
            if not self._threads:
                raise
            self._queue(work)  # for a thread that is busy now
        else:
            self._threads += 1

    def _queue(self, work: Work) -> None:
        if self._max_waiting is not None and len(self._waiting) >= self._max_waiting:
            raise PoolFull
        self._waiting.append(work)

    def keep_connections(self, keeps: bool) -> None:
        """Choose whether connections stay open after a call. If not, idle threads close theirs now.

        If this is never called, connections stay open.
        """
        self._keeps_connections = keeps
        if not keeps:
            with self._lock:
                for inbox in self._idle:
                    inbox.put(None)

    def _run(self, inbox: SimpleQueue[Work | None]) -> None:
        kept = KeptConnections()
        while self._continue(inbox, kept):
            pass
        kept.close()

    def _continue(self, inbox: SimpleQueue[Work | None], kept: KeptConnections) -> bool:
        """Wait for work and do it, or close the connections of an idle thread.

        This is a method of its own so that an idle thread keeps no work and no result in its
        variables.

        Args:
            inbox: Gets the thread's next work, or None to make it close its connections.
            kept: The thread's connections.

        Returns:
            False if the thread must end.
        """
        try:
            work = inbox.get(timeout=IDLE_SECONDS if self._end_if_idle or kept.are_open else None)
        except Empty:
            if self._end_if_idle and self._leave(inbox):
                return False
            kept.close()
            return True
        if work is None:
            kept.close()
            return True
        report = self._do(work, kept)
        with self._lock:
            if self._waiting:
                inbox.put(self._waiting.popleft())
            else:
                self._idle.append(inbox)
        report()
        return True

    def _leave(self, inbox: SimpleQueue[Work | None]) -> bool:
        """Remove an idle thread from the pool; return False if work has just arrived."""
        with self._lock:
            if inbox not in self._idle:
                return False
            self._idle.remove(inbox)
            self._threads -= 1
        return True

    def _do(self, work: Work, kept: KeptConnections) -> Callable[[], None]:
        """Do the work. Return a callable that reports its result or exception to its future."""
        future, call = work
        if not future.set_running_or_notify_cancel():
            return lambda: None
        try:
            result = self._call(call, kept)
        except BaseException as error:
            return partial(future.set_exception, error)
        return partial(future.set_result, result)

    def _call(self, call: Callable[[], T], kept: KeptConnections) -> T:
        try:
            kept.before_step()
            return call()
        finally:
            if self._keeps_connections:
                kept.after_step()
            else:
                kept.close()
