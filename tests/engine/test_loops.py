"""Tests that closed event loops are released, with all state that belongs to them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from sitechat.claude.client import close_client, current_client
from sitechat.engine.event_loop import running
from sitechat.engine.running_replies import live_ids, stop
from sitechat.models import Message
from sitechat.runtime.per_loop import PerLoop
from sitechat.standin import Answer, Standin
from tests.visitor import AsyncVisitor, MakeVisitor, text_of
from tests.waiting import until

LOOPS = 5

Loops = list["weakref.ref[asyncio.AbstractEventLoop]"]


def are_released(loops: Loops) -> bool:
    # asgiref remembers the last loop on this thread and on the thread of its own.
    async_to_sync(sync_to_async(gc.collect))()
    with ThreadPoolExecutor() as other:
        other.submit(asyncio.run, sync_to_async(gc.collect)()).result()
    gc.collect()
    return all(loop() is None for loop in loops)


def holders(loops: Loops) -> str:
    """Return what refers to the loops that are left."""
    left = [loop for ref in loops if (loop := ref()) is not None]
    return "\n".join(
        f"{type(holder)}: {holder!r:.200}" for loop in left for holder in gc.get_referrers(loop)
    )


@pytest.mark.django_db(transaction=True)
def test_loops_that_ran_replies_are_released(live_visitor: MakeVisitor, quick_engine: None) -> None:
    loops: Loops = []

    async def visit() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        events = await AsyncVisitor().ask("Hello")
        assert text_of(events)

    for _ in range(LOOPS):
        async_to_sync(visit)()
    until(lambda: are_released(loops), failure=lambda: holders(loops))


@pytest.mark.django_db(transaction=True)
def test_a_loop_that_is_closed_under_a_reply_is_released(
    live_visitor: MakeVisitor, claude_standin: Standin, quick_engine: None
) -> None:
    loops: Loops = []

    async def leave() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await AsyncVisitor().send("Hello")

    for _ in range(LOOPS):
        claude_standin.script(Answer("One two", hold_after=1))
        async_to_sync(leave)()
    assert live_ids() == []
    assert running().live == {}
    until(lambda: are_released(loops), failure=lambda: holders(loops))


@pytest.mark.django_db(transaction=True)
def test_a_reply_whose_loop_was_closed_is_not_stopped_here(
    live_visitor: MakeVisitor, claude_standin: Standin, quick_engine: None
) -> None:
    claude_standin.script(Answer("One two", hold_after=1))
    async_to_sync(AsyncVisitor().send)("Hello")
    assert not stop(Message.objects.replies().get().pk, None)


@pytest.mark.usefixtures("_sdk")
def test_loops_that_had_a_client_are_released(claude_standin: Standin) -> None:
    loops: Loops = []

    async def use(*, closes: bool) -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        assert await current_client() is await current_client()
        if closes:
            await close_client()

    for number in range(LOOPS):
        async_to_sync(use)(closes=number % 2 == 0)
    until(lambda: are_released(loops), failure=lambda: holders(loops))


def test_a_value_that_refers_to_its_loop_is_released_with_it() -> None:
    values: PerLoop[list[object]] = PerLoop()
    loops: Loops = []

    async def keep() -> None:
        loop = asyncio.get_running_loop()
        loops.append(weakref.ref(loop))
        assert values.get(loop) is None
        first: list[object] = [loop, asyncio.current_task()]
        assert values.setdefault(loop, first) is first
        assert values.setdefault(loop, []) is first
        values.set(loop, [loop])
        assert values.pop(loop) == [loop]
        assert values.pop(loop) is None
        values.set(loop, first)

    for _ in range(LOOPS):
        async_to_sync(keep)()
    until(lambda: are_released(loops), failure=lambda: holders(loops))
