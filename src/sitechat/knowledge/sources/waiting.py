"""Rendering of pages of this site in threads, while a visitor waits for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from contextvars import copy_context
from functools import partial
from threading import BoundedSemaphore
from typing import TypeVar

from django.db import connections, transaction

from sitechat.runtime.per_process import PerProcess

THREADS = 2
"""Number of threads that render pages."""

MAX_TASKS = 50
"""Maximum number of tasks that run or wait for a thread. Further ones are left out."""

T = TypeVar("T")

threads = PerProcess(lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="sitechat-pages"))

places = PerProcess(lambda: BoundedSemaphore(MAX_TASKS))


def within(seconds: float, tasks: Sequence[Callable[[], T]]) -> list[T | None]:
    """Run tasks in threads and return their results.

    Threads keep the views' thread-local state apart from the current request. Late tasks continue
    to run. In a transaction, whose rows other threads can't see, tasks run in this thread.

    Args:
        seconds: Maximum time to wait for all tasks.
        tasks: Callables that raise no exceptions.

    Returns:
        The results; None for a task that is late, or left out because too many tasks wait.
    """
    if _in_transaction():
        deadline = time.monotonic() + seconds
        return [_in_savepoint(task) if time.monotonic() < deadline else None for task in tasks]
    futures = [_submit(task) for task in tasks]
    done, _ = wait([future for future in futures if future is not None], timeout=seconds)
    return [future.result() if future in done else None for future in futures]


def later(task: Callable[[], object]) -> None:
    """Run a task in a thread without waiting for it.

    It is left out in a transaction, or if too many tasks wait.
    """
    if not _in_transaction():
        _submit(task)


def _submit(task: Callable[[], T]) -> Future[T] | None:
    """Run a task in a thread; return None if too many tasks wait."""
    mine = places()
    if not mine.acquire(blocking=False):
        return None
    future = threads().submit(_in_context(task))
    future.add_done_callback(lambda _future: mine.release())
    return future


def _in_transaction() -> bool:
    return any(connection.in_atomic_block for connection in connections.all(initialized_only=True))


def _in_savepoint(task: Callable[[], T]) -> T:
    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                stack.enter_context(transaction.atomic(using=connection.alias))
        return task()


def _in_context(task: Callable[[], T]) -> Callable[[], T]:
    """Return a callable for a thread that has the caller's context variables, such as its tenant.

    Django's active language is none of them: the site's pages choose their own.
    """
    return partial(copy_context().run, _in_thread, task)


def _in_thread(task: Callable[[], T]) -> T:
    try:
        return task()
    finally:
        connections.close_all()
