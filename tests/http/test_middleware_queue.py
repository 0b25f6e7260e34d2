"""Tests that, under ASGI, messages enter the site's middleware a few at a time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import django
import pytest
from asgiref.sync import async_to_sync
from django.core.signals import request_started
from django.http import HttpRequest
from django.test import AsyncRequestFactory
from django.urls import reverse
from pytest_django import Settings

from sitechat.http import middleware_queue
from sitechat.http.middleware_queue import MAX_ENTERING
from sitechat.http.read_limits import calls
from sitechat.http.refusal_delay import brake
from tests.smaller import Smaller
from tests.waiting import loop_settles

pytestmark = pytest.mark.skipif(
    django.VERSION < (5,), reason="signals have asynchronous receivers since 5.0"
)


@pytest.fixture(autouse=True)
def _serves_asgi() -> Iterator[None]:
    kept = request_started.receivers
    request_started.receivers = []  # Django's own need a thread
    middleware_queue.connect()
    yield
    request_started.receivers = kept
    request_started.sender_receivers_cache.clear()


async def arrive(path: str = "", method: str = "POST", prefix: str = "") -> HttpRequest:
    """Return the request when Django would pass it to its middleware."""
    request = AsyncRequestFactory().generic(method, prefix + (path or reverse("sitechat:chat")))
    request.scope = {**request.scope, "root_path": prefix}
    await request_started.asend(None, scope=request.scope)
    return request


async def arrived(tasks: list[asyncio.Task[HttpRequest]]) -> list[HttpRequest]:
    await loop_settles()
    return [task.result() for task in tasks if task.done()]


@pytest.mark.parametrize("prefix", ["", "/under"])
def test_messages_enter_a_few_at_a_time(prefix: str) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(arrive(prefix=prefix)) for _ in range(3 * MAX_ENTERING)]
        first = await arrived(tasks)
        assert len(first) == MAX_ENTERING
        for request in first:
            middleware_queue.leave(request)
            middleware_queue.leave(request)
        assert len(await arrived(tasks)) == 2 * MAX_ENTERING
        for task in tasks:
            task.cancel()

    async_to_sync(main)()


@pytest.mark.parametrize(("path", "method"), [("", "GET"), ("/", "POST"), ("/elsewhere/", "POST")])
def test_other_requests_never_wait(path: str, method: str) -> None:
    async def main() -> None:
        for _ in range(3 * MAX_ENTERING):
            await arrive(path, method)

    async_to_sync(main)()


def test_a_message_that_never_reaches_the_chat_gives_up_its_place(smaller: Smaller) -> None:
    smaller(middleware_queue, MAX_INSIDE=0.001)

    async def main() -> None:
        for _ in range(3 * MAX_ENTERING):
            await arrive()

    async_to_sync(main)()


def test_a_message_does_not_wait_for_ever(smaller: Smaller) -> None:
    smaller(middleware_queue, MAX_WAIT=0.001)

    async def main() -> None:
        for _ in range(3 * MAX_ENTERING):
            middleware_queue.leave(await arrive())
        for _ in range(3 * MAX_ENTERING):
            await arrive()

    async_to_sync(main)()


def test_a_visitor_who_leaves_while_waiting_takes_no_place() -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(arrive()) for _ in range(2 * MAX_ENTERING)]
        first = await arrived(tasks)
        for task in tasks[MAX_ENTERING:]:
            task.cancel()
        await loop_settles()
        for request in first:
            middleware_queue.leave(request)
        later = [asyncio.create_task(arrive()) for _ in range(MAX_ENTERING)]
        assert len(await arrived(later)) == MAX_ENTERING

    async_to_sync(main)()


def test_a_process_that_does_not_serve_asgi_has_no_receiver() -> None:
    code = (
        "import django; django.setup()\n"
        "from django.core.signals import request_started as signal\n"
        "assert 'sitechat' not in str(signal.receivers)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_message_that_will_be_refused_takes_no_place(settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"messages_of_address": 1}

    async def main() -> None:
        middleware_queue.leave(await arrive())
        tasks = [asyncio.create_task(arrive()) for _ in range(2 * MAX_ENTERING)]
        assert await arrived(tasks) == []
        assert brake().held_back == 2 * MAX_ENTERING
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    with brake.renewed(), calls.renewed():
        async_to_sync(main)()
