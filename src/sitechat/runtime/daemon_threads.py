"""Daemon threads, which do not delay the end of the process, and helpers for work on threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation

T = TypeVar("T")

Work = tuple["Future[Any]", Callable[[], Any]]
"""A call, and the future that gets its result."""


class PoolFull(Exception):
    """No thread can take the work: too many calls wait, or no more threads can start."""


def start_daemon(run: Callable[[], object], name: str) -> threading.Thread:
    """Start a daemon thread, and return it.

    Raises:
        PoolFull: The process can't start more threads, such as in a container with a limit.
    """
    try:
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
    except (RuntimeError, MemoryError) as error:
        raise PoolFull(str(error)) from error
    return thread


class DaemonThreads(Executor):
    """A pool of daemon threads that are started when they are needed.

    Unlike `ThreadPoolExecutor`, the pool accepts work after the main thread has ended. At that
    time, the last replies are saved.
    """

    def __init__(self, max_threads: int, name: str) -> None:
        self._max_threads = max_threads
        self._name = name
        self._threads = 0
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._work: SimpleQueue[Work] = SimpleQueue()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run the call on one of the threads. Can be called from any thread.

        Raises:
            PoolFull: No thread is idle, and the next thread can't start.
        """
        if not self._idle.acquire(blocking=False):
            self._start_thread()
        future: Future[T] = Future()
        self._work.put((future, lambda: fn(*args, **kwargs)))
        return future

    def _start_thread(self) -> None:
        """Start another thread, unless the pool already has its maximum."""
        with self._lock:
            if self._threads < self._max_threads:
                start_daemon(self._run, self._name)
                self._threads += 1

    def _run(self) -> None:
        while True:
            # Only `_do` has variables for the work and its result, so an idle thread keeps neither.
            self._do(*self._work.get())

    def _do(self, future: Future[Any], call: Callable[[], Any]) -> None:
        # The thread counts as idle before the future is done. So a caller that waits for the future
        # and then submits another call gets this thread, and no new one is started.
        if not future.set_running_or_notify_cancel():
            self._idle.release()
            return
        try:
            result = call()
        except BaseException as error:
            self._idle.release()
            future.set_exception(error)
        else:
            self._idle.release()
            future.set_result(result)


def in_callers_context(work: Callable[[], T]) -> Callable[[], T]:
    """Return a callable that another thread can call to run the work in this thread's context.

    The work runs in a copy of the caller's context variables. Django stores its active language,
    time zone, script prefix and URLconf in `asgiref.local.Local`. Other threads do not see these
    four values even in the same context, so the callable sets them again.
    """
    context = copy_context()
    language, zone = translation.get_language(), timezone.get_current_timezone()
    prefix, urlconf = get_script_prefix(), get_urlconf()

    def run() -> T:
        if language is None:
            translation.deactivate_all()
        else:
            translation.activate(language)
        timezone.activate(zone)
        set_script_prefix(prefix)
        set_urlconf(urlconf)
        return work()

    return partial(context.run, run)


def end_request_thread() -> None:
    """End the thread that Django keeps for an ASGI request until the end of its response.

    During a stream the thread would be idle, and it needs more memory than the stream. If the
    request needs a thread again, asgiref starts another one. Call this on the event loop. Outside
    of an ASGI request it does nothing.
    """
    request = SyncToAsync.thread_sensitive_context.get(None)
    if request is not None:
        # The executor ends its thread when nothing refers to the executor any more.
        SyncToAsync.context_to_thread_executor.pop(request, None)
