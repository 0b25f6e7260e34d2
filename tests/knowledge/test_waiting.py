"""Tests of the threads that render pages while a visitor waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from sitechat.knowledge.sources import waiting
from tests.smaller import Smaller
from tests.waiting import until

LIMIT = 3


@pytest.fixture(autouse=True)
def _few_places(smaller: Smaller) -> Iterator[None]:
    smaller(waiting, MAX_TASKS=LIMIT)
    with waiting.places.renewed(), waiting.threads.renewed():
        yield


def test_tasks_are_left_out_if_too_many_wait() -> None:
    go_on, done = threading.Event(), []

    def slow(number: int) -> None:
        go_on.wait(60)
        done.append(number)

    for number in range(LIMIT + 2):
        waiting.later(partial(slow, number))
    assert waiting.within(60, [lambda: "an answer"]) == [None], "it does not wait for a place"
    go_on.set()
    until(lambda: waiting.within(60, [lambda: "an answer"]) == ["an answer"])
    until(lambda: sorted(done) == list(range(LIMIT)))


def test_tasks_that_fail_leave_their_places() -> None:
    def failing() -> None:
        raise ValueError

    for _ in range(LIMIT + 1):
        waiting.later(failing)
    until(lambda: waiting.within(60, [lambda: 1] * LIMIT) == [1] * LIMIT)
