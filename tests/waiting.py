"""Waiting for other threads and processes. This is the only module of the tests that sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def until(
    true: Callable[[], T],
    seconds: float = 30,
    *,
    every: float = 0.005,
    failure: object = "it never happened",
) -> T:
    """Call `true` until its result is true and return that result.

    Args:
        seconds: Maximum time to wait. Be generous: only a failure takes this long.
        every: Seconds between two calls.
        failure: The message of a failure, or a callable that returns it.
    """
    deadline = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > deadline:
            raise AssertionError(failure() if callable(failure) else failure)
        time.sleep(every)
    return value


def paced(seconds: float, every: float) -> Iterator[None]:
    """Yield immediately and then repeatedly after a pause, for this many seconds."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        time.sleep(every)
        yield


async def loop_turn() -> None:
    """Let the event loop run the tasks that are ready, each until it waits for something."""
    await asyncio.sleep(0)


async def loop_settles() -> None:
    """Let the other tasks of the event loop run until all of them wait for something.

    The number of turns that this takes depends on the versions of Python and Django.
    """
    for _turn in range(100):
        await loop_turn()
