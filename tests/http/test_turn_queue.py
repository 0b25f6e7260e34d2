"""Tests of the queue of turns: how many start at once, and when refused clients retry."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync

from sitechat.errors import Overloaded
from sitechat.http.turn_queue import MAX_RETRY_SECONDS, MAX_STARTING, MAX_WAITING, Ticket, TurnQueue
from tests.waiting import loop_settles


async def fill(queue: TurnQueue) -> tuple[list[Ticket], list[asyncio.Task[Ticket]]]:
    """Let in as many as there is room for, and let as many wait as may."""
    started = [await queue.enter() for _ in range(MAX_STARTING)]
    waiting = [asyncio.create_task(queue.enter()) for _ in range(MAX_WAITING)]
    await loop_settles()
    return started, waiting


async def refused(queue: TurnQueue) -> int:
    with pytest.raises(Overloaded) as error:
        await queue.enter()
    assert error.value.retry_after is not None
    return error.value.retry_after


def test_waiting_turns_are_admitted_and_further_ones_refused() -> None:
    async def main() -> None:
        queue = TurnQueue()
        started, waiting = await fill(queue)
        await refused(queue)
        for ticket in started:
            ticket.leave()
            ticket.leave()
        entered, rest = waiting[:MAX_STARTING], waiting[MAX_STARTING:]
        tickets = [await task for task in entered]
        await loop_settles()
        assert not any(task.done() for task in rest)
        while tickets:
            tickets.pop(0).leave()
            if rest:
                tickets.append(await rest.pop(0))
        assert [await queue.enter() for _ in range(MAX_STARTING)]

    async_to_sync(main)()


def test_each_refused_visitor_gets_a_later_retry_after() -> None:
    async def main() -> list[int]:
        queue = TurnQueue(clock=lambda: 0.0)
        _begun, waiting = await fill(queue)
        times = [await refused(queue) for _ in range(5000)]
        for task in waiting:
            task.cancel()
        return times

    times = async_to_sync(main)()
    assert times == sorted(times)
    assert times[0] < times[200] < times[1000]
    assert times[-1] <= MAX_RETRY_SECONDS


def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]

    async def main() -> None:
        queue = TurnQueue(clock=lambda: now[0])
        _begun, waiting = await fill(queue)
        for now[0] in (0.0, 1.0, 59.0, 61.0, 62.0):
            await refused(queue)
        for task in waiting:
            task.cancel()

    async_to_sync(main)()
    assert [record.args for record in caplog.records] == [
        ("Too many messages at once", 1),
        ("Too many messages at once", 3),
    ]


@pytest.mark.parametrize("let_in", [False, True])
def test_a_client_that_disconnects_while_it_waits_blocks_nobody(let_in: bool) -> None:
    async def main() -> None:
        queue = TurnQueue()
        started, waiting = await fill(queue)
        if let_in:  # at the moment in which it leaves
            started.pop().leave()
        waiting[0].cancel()
        await asyncio.wait({waiting[0]})
        assert waiting[0].cancelled()
        if not let_in:
            started.pop().leave()
        assert await waiting[1]
        assert not waiting[2].done()
        for task in waiting[2:]:
            task.cancel()

    async_to_sync(main)()


def test_a_client_that_leaves_as_its_place_is_freed_is_just_cancelled() -> None:
    async def main() -> None:
        queue = TurnQueue()
        started, waiting = await fill(queue)
        waiting[0].cancel()
        started.pop().leave()  # in the same turn of the loop
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        assert await waiting[1]
        assert not waiting[2].done()
        for task in waiting[2:]:
            task.cancel()

    async_to_sync(main)()
