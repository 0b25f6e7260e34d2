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
"""Number of threads that render the pages that visitors are on, and of threads for rechecks."""

MAX_WAITING = 20
"""Maximum number of tasks that wait for a thread of either kind. Further ones are left out."""

T = TypeVar("T")

# Visitors choose the pages that they are on, so slow ones must not delay rechecks.
visits = PerProcess(lambda: LimitedThreads(THREADS, MAX_WAITING, "sitechat-visited-pages"))
"""The threads that render the pages that visitors are on."""

rechecks = PerProcess(lambda: LimitedThreads(THREADS, MAX_WAITING, "sitechat-rechecks"))
"""The threads that recheck indexed pages."""


def within(
    threads: LimitedThreads, seconds: float, tasks: Sequence[Callable[[], T]]
) -> list[T | None]:
    """Run tasks in threads and return their results.

    Threads keep the views' thread-local state apart from the current request. Tasks that started
    continue if they are late; others are forgotten. In a transaction, whose rows other threads
    can't see, tasks run in this thread.

    Args:
        threads: The threads: `visits()` or `rechecks()`.
        seconds: Maximum time to wait for all tasks.
        tasks: Callables that raise no exceptions.

    Returns:
        The results; None for a task that is late, or left out because too many tasks wait.
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

    It is left out in a transaction, or if too many tasks wait.
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

    They do not include Django's active language, because the site's pages choose their own.
    """
    return partial(copy_context().run, _in_thread, task)


def _in_thread(task: Callable[[], T]) -> T:
    try:
        return task()
    finally:
        connections.close_all()
