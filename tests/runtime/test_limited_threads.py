"""Tests of threads for calls that may hang."""

from __future__ import annotations

import threading

import pytest

from sitechat.runtime.limited_threads import LimitedThreads
from tests.thread_limit import no_new_threads


def test_errors_reach_the_caller() -> None:
    def fail() -> None:
        raise ValueError("wrong")

    future = LimitedThreads(1, 1, "test").submit(fail)
    assert future is not None
    with pytest.raises(ValueError, match="wrong"):
        future.result(60)


def test_calls_are_refused_if_too_many_wait() -> None:
    threads, go_on, started = LimitedThreads(1, 1, "test"), threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        go_on.wait(60)

    assert threads.submit(hang)
    assert started.wait(60)
    second = threads.submit(lambda: 2)
    assert second is not None
    assert threads.submit(lambda: 3) is None
    threads.give_up(second)
    third = threads.submit(lambda: 3)
    go_on.set()
    assert third is not None
    assert third.result(60) == 3
    assert second.cancelled()
    assert threads.wait(60)


def test_calls_are_refused_if_no_thread_can_start_and_run_later() -> None:
    threads = LimitedThreads(1, 1, "test")
    for _ in range(3):
        with no_new_threads():
            assert threads.submit(lambda: 1) is None
    assert threads.wait(0)
    later = threads.submit(lambda: 2)
    assert later is not None
    assert later.result(60) == 2
