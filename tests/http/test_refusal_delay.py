"""Tests that refusals are sent one after another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from sitechat.http import refusal_delay
from sitechat.http.refusal_delay import DELAY, PER_SECOND, Brake
from tests.smaller import Smaller
from tests.waiting import loop_settles


async def hold_back(brake: Brake, count: int, receive: Any = None) -> list[asyncio.Task[None]]:
    """Delay some refusals, each of another request."""
    tasks = [asyncio.create_task(brake.hold_back({}, receive)) for _ in range(count)]
    await loop_settles()
    return tasks


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_each_refusal_is_delayed_longer_than_the_one_before() -> None:
    async def main() -> None:
        brake = Brake()
        assert brake.delay == DELAY
        tasks = await hold_back(brake, 100)
        assert brake.delay == pytest.approx(DELAY + 100 / PER_SECOND)
        await end(tasks)
        assert brake.delay == DELAY

    async_to_sync(main)()


def test_further_refusals_are_sent_at_once(smaller: Smaller) -> None:
    smaller(refusal_delay, MAX_HELD_BACK=2)

    async def main() -> None:
        brake = Brake()
        tasks = await hold_back(brake, 3)
        assert [task.done() for task in tasks] == [False, False, True]
        await end(tasks)

    async_to_sync(main)()


def test_a_request_is_delayed_once(smaller: Smaller) -> None:
    smaller(refusal_delay, DELAY=0.0)

    async def main() -> None:
        brake, scope = Brake(), dict[str, Any]()
        await brake.hold_back(scope)
        smaller(refusal_delay, MAX_HELD_BACK=1)
        others = await hold_back(brake, 1)
        again = asyncio.create_task(brake.hold_back(scope))
        await loop_settles()
        assert again.done()
        await end(others)

    async_to_sync(main)()


def test_a_client_that_leaves_is_not_delayed_further() -> None:
    async def main() -> None:
        brake, sent = Brake(), asyncio.Queue[dict[str, Any]]()
        tasks = await hold_back(brake, 1, sent.get)
        sent.put_nowait({"type": "http.request"})
        await loop_settles()
        assert brake.held_back == 1
        sent.put_nowait({"type": "http.disconnect"})
        await asyncio.wait(tasks)
        assert brake.held_back == 0

    async_to_sync(main)()
