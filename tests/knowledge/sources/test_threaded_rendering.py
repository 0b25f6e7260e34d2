"""Tests of the threads that render pages while a visitor waits."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from sitechat.knowledge.sources import threaded_rendering
from sitechat.runtime.limited_threads import LimitedThreads
from tests.smaller import Smaller
from tests.waiting import until

LIMIT = 3


@pytest.fixture
def visits(smaller: Smaller) -> Iterator[LimitedThreads]:
    smaller(threaded_rendering, MAX_WAITING=LIMIT)
    with threaded_rendering.visits.renewed(), threaded_rendering.rechecks.renewed():
        yield threaded_rendering.visits()


@pytest.fixture
def hang(visits: LimitedThreads) -> Iterator[threading.Event]:
    """Occupy all threads for the pages of visitors until the event is set."""
    go_on, started = threading.Event(), threading.Barrier(threaded_rendering.THREADS + 1)

    def task() -> None:
        started.wait(60)
        go_on.wait(60)

    for _ in range(threaded_rendering.THREADS):
        threaded_rendering.later(visits, task)
    started.wait(60)
    yield go_on
    go_on.set()


def test_tasks_are_left_out_if_too_many_wait(visits: LimitedThreads, hang: threading.Event) -> None:
    done: list[int] = []
    for number in range(LIMIT + 2):
        threaded_rendering.later(visits, partial(done.append, number))
    assert threaded_rendering.within(visits, 60, [lambda: "an answer"]) == [None], (
        "it does not wait"
    )
    hang.set()
    until(lambda: threaded_rendering.within(visits, 60, [lambda: "an answer"]) == ["an answer"])
    assert sorted(done) == list(range(LIMIT))


def test_tasks_that_nobody_waits_for_any_more_never_run(
    visits: LimitedThreads, hang: threading.Event
) -> None:
    done: list[int] = []
    for number in range(10 * LIMIT):
        assert threaded_rendering.within(visits, 0.001, [partial(done.append, number)]) == [None]
    assert visits.waiting() == 0
    hang.set()
    assert visits.wait(60)
    assert done == []


@pytest.mark.usefixtures("hang")
def test_pages_that_hang_do_not_delay_rechecks() -> None:
    assert threaded_rendering.within(threaded_rendering.rechecks(), 60, [lambda: 1, lambda: 2]) == [
        1,
        2,
    ]


def test_tasks_that_fail_leave_their_places(visits: LimitedThreads) -> None:
    def failing() -> None:
        raise ValueError

    for _ in range(LIMIT + 1):
        threaded_rendering.later(visits, failing)
    until(lambda: threaded_rendering.within(visits, 60, [lambda: 1] * LIMIT) == [1] * LIMIT)


ENDS = """
import threading
from django.conf import settings
settings.configure(DATABASES={}, INSTALLED_APPS=[])
from sitechat.knowledge.sources import threaded_rendering
started = threading.Event()
def hang():
    started.set()
    threading.Event().wait()
for _ in range(10):
    threaded_rendering.within(threaded_rendering.visits(), 0.001, [hang])
assert started.wait(60)
"""


def test_the_end_of_the_process_does_not_wait_for_pages_that_hang() -> None:
    subprocess.run([sys.executable, "-c", ENDS], check=True, timeout=120)
