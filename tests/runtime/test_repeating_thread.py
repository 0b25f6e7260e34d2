"""The thread that repeats a step for all who need it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from sitechat.runtime.daemon_threads import PoolFull
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.repeating_thread import RepeatingThread
from tests.thread_limit import no_new_threads
from tests.waiting import until

NAME = "a repeating test thread"


def threads() -> int:
    return sum(thread.name == NAME for thread in threading.enumerate())


def test_one_thread_serves_all_and_ends_with_the_last() -> None:
    steps: list[set[str]] = []
    thread: RepeatingThread[str] = RepeatingThread(
        NAME, lambda items, _kept: steps.append(set(items)), lambda: 0.001
    )
    thread.add("one")
    thread.add("two")
    until(lambda: {"one", "two"} in steps)
    assert threads() == 1
    thread.remove("one")
    until(lambda: steps[-1] == {"two"})
    thread.remove("two")
    until(lambda: threads() == 0)


def test_a_step_that_fails_is_repeated() -> None:
    failed = threading.Event()

    def step(items: Sequence[str], _kept: KeptConnections) -> None:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError
        done.extend(items)

    done: list[str] = []
    thread = RepeatingThread(NAME, step, lambda: 0.001)
    thread.add("one")
    until(lambda: "one" in done)
    thread.remove("one")
    until(lambda: threads() == 0)


def test_the_thread_starts_later_if_it_could_not_start() -> None:
    done: list[str] = []
    thread: RepeatingThread[str] = RepeatingThread(
        NAME, lambda items, _kept: done.extend(items), lambda: 0.001
    )
    with no_new_threads(), pytest.raises(PoolFull):
        thread.add("refused")
    thread.add("one")
    until(lambda: "one" in done)
    assert "refused" not in done
    thread.remove("one")
    until(lambda: threads() == 0)
