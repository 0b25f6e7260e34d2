"""Tests of threads for database work and of request threads."""

from __future__ import annotations

import asyncio
import threading
import weakref
from concurrent.futures import wait

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation

from sitechat.engine.workers import run_on
from sitechat.runtime.request_pool import RequestPool
from sitechat.runtime.threads import DaemonThreads, let_request_thread_go
from tests.waiting import until


def test_work_is_done_and_failures_are_handed_on() -> None:
    threads = DaemonThreads(2, "test")
    assert threads.submit(lambda: 6 * 7).result(5) == 42
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)


def test_no_more_threads_are_begun_than_are_needed_or_allowed() -> None:
    threads = DaemonThreads(2, "a test of threads")
    go_on = threading.Event()
    futures = [threads.submit(go_on.wait, 5) for _ in range(5)]
    started = [t for t in threading.enumerate() if t.name == "a test of threads"]
    assert len(started) == 2
    assert all(thread.daemon for thread in started)
    go_on.set()
    assert not wait(futures, 5).not_done


def test_a_thread_that_has_nothing_to_do_takes_the_next_work() -> None:
    threads = DaemonThreads(2, "an idle test thread")
    for _ in range(3):
        threads.submit(threading.get_ident).result(5)
    started = [t for t in threading.enumerate() if t.name == "an idle test thread"]
    assert len(started) == 1


def test_an_idle_thread_keeps_no_result() -> None:
    class Result:
        pass

    threads = DaemonThreads(1, "test")
    kept = weakref.ref(threads.submit(Result).result(5))
    until(lambda: kept() is None)


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


def test_work_of_a_request_sees_its_language_and_prefix_on_another_thread() -> None:
    def look() -> tuple[str | None, str]:
        return translation.get_language(), get_script_prefix()

    async def request() -> tuple[str | None, str]:
        set_script_prefix("/shop/")
        with translation.override("fr"):
            future = RequestPool().submit(look)
            assert await run_on(DaemonThreads(1, "test"), look) == ("fr", "/shop/")
        return await asyncio.wrap_future(future)

    assert asyncio.run(request()) == ("fr", "/shop/")
    assert get_script_prefix() == "/"
