"""Run work with a time limit."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def run_within(seconds: float, work: Callable[[], T]) -> T | None:
    """Run work on a separate thread. Return its result; None if it takes longer than `seconds`.

    Work that takes longer is not interrupted. It must not use the database, and not raise.
    """
    results: list[T] = []
    context = copy_context()

    def run() -> None:
        results.append(context.run(work))

    thread = Thread(target=run, name="sitechat-time-limit", daemon=True)
    thread.start()
    thread.join(seconds)
    return results[0] if results else None
