"""Tests that many streams with news do not keep a page waiting in each pass of the event loop."""

from __future__ import annotations

import asyncio
from functools import partial

from sitechat.http.stream_wakeups import WAITING_DIVISOR, WOKEN_AT_ONCE, wakeups_of
from tests.waiting import loop_turn


async def passes_until_all_are_woken(streams: int) -> list[list[int]]:
    """Request to wake this many streams; return those woken now, and in each following pass."""
    woken: list[int] = []
    wakeups = wakeups_of(asyncio.get_running_loop())
    for number in range(streams):
        wakeups.request(partial(woken.append, number))
    passes = []
    while woken:
        passes.append(list(woken))
        woken.clear()
        await loop_turn()
    return passes


def test_a_few_streams_are_woken_at_once() -> None:
    assert asyncio.run(passes_until_all_are_woken(WOKEN_AT_ONCE)) == [list(range(WOKEN_AT_ONCE))]


def test_more_streams_are_woken_in_later_passes_in_their_order() -> None:
    streams = 3 * WOKEN_AT_ONCE + 1
    passes = asyncio.run(passes_until_all_are_woken(streams))
    assert [len(woken) for woken in passes] == [WOKEN_AT_ONCE, WOKEN_AT_ONCE, WOKEN_AT_ONCE, 1]
    assert [number for woken in passes for number in woken] == list(range(streams))


def test_of_very_many_streams_a_share_is_woken_in_each_pass() -> None:
    streams = 100 * WOKEN_AT_ONCE
    passes = asyncio.run(passes_until_all_are_woken(WOKEN_AT_ONCE + streams))
    assert len(passes[1]) == streams // WAITING_DIVISOR
    assert sum(map(len, passes)) == WOKEN_AT_ONCE + streams


def test_a_stream_is_woken_from_another_thread() -> None:
    async def wake_elsewhere() -> None:
        woken = asyncio.Event()
        wakeups = wakeups_of(asyncio.get_running_loop())
        await asyncio.to_thread(wakeups.request, woken.set)
        await asyncio.wait_for(woken.wait(), 10)

    asyncio.run(wake_elsewhere())
