"""Rendering of pages of this site in threads, while a visitor waits for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TypeVar

from django.db import connections, transaction

from sitechat.runtime.per_process import PerProcess

THREADS = 2
"""Number of threads that render pages."""

T = TypeVar("T")

threads = PerProcess(lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="sitechat-pages"))


def within(seconds: float, tasks: Sequence[Callable[[], T]]) -> list[T | None]:
    """Run tasks in threads and return their results; None for tasks that take too long.

    Threads keep the views' thread-local state apart from the current request. Late tasks continue
    to run. In a transaction, whose rows other threads can't see, tasks run in this thread.

    Args:
        seconds: Maximum time to wait for all tasks.
        tasks: Callables that raise no exceptions.
    """
    if _in_transaction():
        deadline = time.monotonic() + seconds
        return [_in_savepoint(task) if time.monotonic() < deadline else None for task in tasks]
    futures: list[Future[T]] = [threads().submit(_in_thread, task) for task in tasks]
    done, _ = wait(futures, timeout=seconds)
    return [future.result() if future in done else None for future in futures]


def later(task: Callable[[], object]) -> None:
    """Run a task in a thread without waiting for it; skip it in a transaction."""
    if not _in_transaction():
        threads().submit(_in_thread, task)


def _in_transaction() -> bool:
    return any(connection.in_atomic_block for connection in connections.all(initialized_only=True))


def _in_savepoint(task: Callable[[], T]) -> T:
    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                stack.enter_context(transaction.atomic(using=connection.alias))
        return task()


def _in_thread(task: Callable[[], T]) -> T:
    try:
        return task()
    finally:
        connections.close_all()
