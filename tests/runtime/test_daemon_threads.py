"""Tests of threads for database work and of request threads."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import wait
from functools import partial
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connection, connections
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation

from sitechat.engine.thread_pools import run_on
from sitechat.runtime import database_threads
from sitechat.runtime.daemon_threads import DaemonThreads, PoolFull, end_request_thread
from sitechat.runtime.database_threads import DatabaseThreads
from sitechat.runtime.request_pool import RequestPool
from sitechat.runtime.request_steps import release_request_thread
from tests.smaller import Smaller
from tests.thread_limit import no_new_threads
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


def test_idle_threads_for_the_database_stay_and_take_the_next_work(smaller: Smaller) -> None:
    smaller(database_threads, IDLE_SECONDS=0.001)
    threads = DatabaseThreads(2, "a thread that stays")
    first = threads.submit(threading.current_thread).result(5)
    for _ in range(3):
        first.join(0.01)
        assert threads.submit(threading.current_thread).result(5) is first


def test_idle_threads_of_the_request_pool_end(smaller: Smaller) -> None:
    smaller(database_threads, IDLE_SECONDS=0.001)
    pool = RequestPool()
    first = pool.submit(threading.current_thread).result(5)
    first.join(5)
    assert not first.is_alive()
    assert pool.submit(threading.current_thread).result(5) is not first


def test_work_that_waits_is_done_in_its_order_and_too_much_is_refused() -> None:
    threads, go_on = DatabaseThreads(1, "test", max_waiting=2), threading.Event()
    done: list[int] = []
    waiting = [threads.submit(lambda: done.append(-go_on.wait(5)))]
    waiting += [threads.submit(partial(done.append, number)) for number in range(2)]
    with pytest.raises(PoolFull):
        threads.submit(done.append, 2)
    go_on.set()
    assert not wait(waiting, 5).not_done
    assert done == [-1, 0, 1]


def test_a_failure_for_the_database_is_handed_on() -> None:
    threads = DatabaseThreads(1, "test")
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)
    assert threads.submit(lambda: 6 * 7).result(5) == 42


@pytest.mark.django_db(transaction=True)
def test_an_idle_thread_for_the_database_closes_its_connection(smaller: Smaller) -> None:
    def ask() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return connection.connection

    threads = DatabaseThreads(1, "test")
    assert threads.submit(ask).result(5) is threads.submit(ask).result(5)
    smaller(database_threads, IDLE_SECONDS=0.001)
    assert threads.submit(ask).result(5) is not None
    until(lambda: threads.submit(lambda: connection.connection).result(5) is None)
    threads.keep_connections(False)
    assert threads.submit(ask).result(5) is not None
    assert threads.submit(lambda: connection.connection).result(5) is None


@pytest.mark.django_db(transaction=True)
def test_a_released_request_thread_closes_its_connection_and_ends() -> None:
    def ask() -> tuple[threading.Thread, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return threading.current_thread(), connection

    async def request() -> None:
        async with ThreadSensitiveContext():
            thread, used = await sync_to_async(ask)()
            await release_request_thread()
            await asyncio.to_thread(thread.join, 5)
            assert not thread.is_alive()
            assert used.connection is None

    asyncio.run(request())


@pytest.mark.django_db(transaction=True)
def test_a_request_thread_on_which_a_synchronous_middleware_waits_closes_its_connection() -> None:
    async def view(used: Any) -> bool:
        await release_request_thread()
        return used.connection is None

    def middleware() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return async_to_sync(view)(connections["default"])

    async def request() -> bool:
        async with ThreadSensitiveContext():
            return await sync_to_async(middleware)()

    assert asyncio.run(request())


def test_a_request_lets_its_thread_go_and_gets_another_when_it_needs_one() -> None:
    current_thread = sync_to_async(threading.current_thread)

    async def request() -> None:
        async with ThreadSensitiveContext():
            first = await current_thread()
            end_request_thread()
            await asyncio.to_thread(first.join, 5)
            assert not first.is_alive()
            assert await current_thread() is not first

    asyncio.run(request())


def test_where_no_request_has_a_thread_of_its_own_none_is_let_go() -> None:
    async def request() -> None:
        end_request_thread()

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


@pytest.mark.parametrize("make", [RequestPool, partial(DaemonThreads, 1, "test")])
def test_a_pool_works_again_after_no_thread_could_start(
    make: Callable[[], RequestPool | DaemonThreads],
) -> None:
    pool, done = make(), []
    with no_new_threads(), pytest.raises(PoolFull):
        pool.submit(lambda: done.append("refused"))
    assert pool.submit(lambda: 6 * 7).result(5) == 42
    assert done == []


def test_work_for_the_database_waits_for_a_busy_thread_if_no_other_can_start() -> None:
    threads, go_on = DatabaseThreads(2, "test", max_waiting=1), threading.Event()
    first = threads.submit(go_on.wait, 5)
    with no_new_threads():
        second = threads.submit(lambda: 6 * 7)
        with pytest.raises(PoolFull):
            threads.submit(lambda: None)
    go_on.set()
    assert (first.result(5), second.result(5)) == (True, 42)
