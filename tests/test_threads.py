"""Threads for database steps, and those of requests."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import wait

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async

from sitechat.threads import DaemonThreads, let_request_thread_go


def test_work_is_done_and_failures_are_handed_on() -> None:
    threads = DaemonThreads(2, "test")
    assert threads.submit(lambda: 6 * 7).result(5) == 42
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)


def test_no_more_threads_are_begun_than_are_needed_or_allowed() -> None:
    threads = DaemonThreads(2, "a test of threads")
    go_on = threading.Event()
    futures = [threads.submit(go_on.wait, 5) for _ in range(5)]
    begun = [t for t in threading.enumerate() if t.name == "a test of threads"]
    assert len(begun) == 2
    assert all(thread.daemon for thread in begun)
    go_on.set()
    assert not wait(futures, 5).not_done


def test_a_thread_that_has_nothing_to_do_takes_the_next_work() -> None:
    threads = DaemonThreads(2, "an idle test thread")
    for _ in range(3):
        threads.submit(threading.get_ident).result(5)
    begun = [t for t in threading.enumerate() if t.name == "an idle test thread"]
    assert len(begun) == 1


def test_a_request_lets_its_thread_go_and_gets_another_when_it_needs_one() -> None:
    current_thread = sync_to_async(threading.current_thread)

    async def request() -> None:
        async with ThreadSensitiveContext():
            first = await current_thread()
            let_request_thread_go()
            await asyncio.to_thread(first.join, 5)
            assert not first.is_alive()
            assert await current_thread() is not first

    asyncio.run(request())


def test_where_no_request_has_a_thread_of_its_own_none_is_let_go() -> None:
    async def request() -> None:
        let_request_thread_go()

    asyncio.run(request())
