"""Rendering of pages of this site in threads, while a visitor waits for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import ExitStack
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from django.db import connections, transaction

from sitechat.runtime.limited_threads import LimitedThreads
from sitechat.runtime.per_process import PerProcess

THREADS = 2
"""Number of threads of each of the two kinds, `visits` and `rechecks`."""

MAX_WAITING = 20
"""Maximum number of tasks that wait for a thread of each kind. Further tasks are dropped."""

T = TypeVar("T")

# Separate from rechecks, because a visitor may choose a slow page, which must not delay rechecks.
visits = PerProcess(lambda: LimitedThreads(THREADS, MAX_WAITING, "sitechat-visited-pages"))
"""The threads that render the pages that visitors are on."""

rechecks = PerProcess(lambda: LimitedThreads(THREADS, MAX_WAITING, "sitechat-rechecks"))
"""The threads that recheck indexed pages."""


def within(
    threads: LimitedThreads, seconds: float, tasks: Sequence[Callable[[], T]]
) -> list[T | None]:
    """Run tasks in threads and return their results.

    Threads isolate the thread-local state of the views from that of the current request. When the
    time is over, tasks that have started continue, and the others are dropped. In a transaction,
    tasks run in this thread, because other threads can't see the transaction's rows.

    Args:
        threads: The threads: `visits()` or `rechecks()`.
        seconds: Maximum time to wait for all tasks.
        tasks: Callables that raise no exceptions.

    Returns:
        The results; None for a task that is late or dropped.
    """
    if _in_transaction():
        deadline = time.monotonic() + seconds
        return [_in_savepoint(task) if time.monotonic() < deadline else None for task in tasks]
    futures = [threads.submit(_in_context(task)) for task in tasks]
    done, late = wait([future for future in futures if future is not None], timeout=seconds)
    for future in late:
        threads.give_up(future)
    return [future.result() if future in done else None for future in futures]


def later(threads: LimitedThreads, task: Callable[[], object]) -> None:
    """Run a task in a thread without waiting for it.

    The task is dropped in a transaction, or if too many tasks wait.
    """
    if not _in_transaction():
        threads.submit(_in_context(task))


def _in_transaction() -> bool:
    return any(connection.in_atomic_block for connection in connections.all(initialized_only=True))


def _in_savepoint(task: Callable[[], T]) -> T:
    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                stack.enter_context(transaction.atomic(using=connection.alias))
        return task()


def _in_context(task: Callable[[], T]) -> Callable[[], T]:
    """Return a callable that runs the task with the caller's context variables, such as the tenant.

    The active language is not a context variable. Each page of the site activates its own language.
    """
    return partial(copy_context().run, _in_thread, task)


def _in_thread(task: Callable[[], T]) -> T:
    try:
        return task()
    finally:
        connections.close_all()
