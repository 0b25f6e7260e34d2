"""Run work with a time limit.

Embedders run like this, because they are the site's code and may be slow.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from sitechat.runtime.daemon_threads import PoolFull, start_daemon

T = TypeVar("T")


def run_within(seconds: float, work: Callable[[], T]) -> T | None:
    """Run the work on a separate thread. Return its result; None if it takes too long.

    Also return None if no thread can start. Work that takes longer than `seconds` is not
    interrupted. The work must not use the database, and must not raise an exception.
    """
    results: list[T] = []
    context = copy_context()

    def run() -> None:
        results.append(context.run(work))

    try:
        start_daemon(run, "sitechat-time-limit").join(seconds)
    except PoolFull:
        return None
    return results[0] if results else None
