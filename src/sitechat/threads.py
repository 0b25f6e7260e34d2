"""Threads: those of the engine, and the one that a request is kept while it streams."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync

T = TypeVar("T")

Work = tuple["Future[Any]", Callable[[], Any]]


class DaemonThreads(Executor):
    """At most so many daemon threads; they are begun as they are needed.

    They still work while their process ends and the last replies are saved; those of
    `ThreadPoolExecutor` take no more work once the main thread has ended.
    """

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


def let_request_thread_go() -> None:
    """End the thread that Django keeps for an ASGI request until its response has ended.

    It would idle as long as the stream is open, and cost more memory than the stream. Should
    the request need a thread again, asgiref begins another. To be called on the loop.
    """
    request = SyncToAsync.thread_sensitive_context.get(None)
    if request is not None:
        # Its executor ends the thread once nobody holds it.
        SyncToAsync.context_to_thread_executor.pop(request, None)
