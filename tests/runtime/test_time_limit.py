"""Tests of work with a time limit."""

from __future__ import annotations

import threading

from sitechat.runtime.time_limit import run_within
from tests.thread_limit import no_new_threads


def test_the_result_of_work_that_ends_in_time_is_returned() -> None:
    assert run_within(30, lambda: threading.current_thread().daemon) is True


def test_work_that_takes_too_long_has_no_result() -> None:
    over = threading.Event()
    assert run_within(0.01, over.wait) is None
    over.set()


def test_work_has_no_result_if_no_thread_can_start() -> None:
    with no_new_threads():
        assert run_within(30, lambda: 1) is None
