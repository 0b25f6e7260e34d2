"""Tests that, under ASGI, the calls of a session or address read a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as site
from django.core.signals import request_started
from django.http import HttpRequest
from django.test import AsyncRequestFactory
from django.urls import reverse
from pytest_django import Settings

from sitechat.http import read_queue
from sitechat.http.read_queue import MAX_OF_ADDRESS, MAX_OF_SESSION, SLOWED_ABOVE
from sitechat.http.refusal_delay import brake
from sitechat.http.turn_queue import Ticket
from tests.smaller import Smaller
from tests.waiting import loop_settles

pytestmark = pytest.mark.skipif(
    django.VERSION < (5,), reason="signals have asynchronous receivers since 5.0"
)

CHAT = reverse("sitechat:chat")
READS = [CHAT, f"{CHAT}conversations/", f"{CHAT}updates/", f"{CHAT}replies/some-id/"]


@pytest.fixture(autouse=True)
def _serves_asgi() -> Iterator[None]:
    kept = request_started.receivers
    request_started.receivers = []  # Django's own need a thread
    read_queue.connect()
    with brake.renewed():
        yield
    request_started.receivers = kept
    request_started.sender_receivers_cache.clear()


async def arrive(session: str = "", path: str = CHAT, **more: Any) -> HttpRequest:
    """Return the request when Django would pass it to its middleware."""
    factory = AsyncRequestFactory()
    if session:
        factory.cookies[site.SESSION_COOKIE_NAME] = session
    request = factory.generic(more.pop("method", "GET"), path, **more)
    await request_started.asend(None, scope=request.scope)
    return request


class Arriving:
    """Requests that arrive at the same time."""

    def __init__(self, sessions: list[str], **more: Any) -> None:
        self.tasks = [asyncio.create_task(arrive(session, **more)) for session in sessions]

    async def inside(self) -> list[HttpRequest]:
        """Return the requests that have entered."""
        await loop_settles()
        return [task.result() for task in self.tasks if task.done()]

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)


@pytest.mark.parametrize("path", READS)
def test_the_calls_of_a_session_enter_a_few_at_a_time(path: str) -> None:
    async def main() -> None:
        arriving = Arriving(["a"] * 3 * MAX_OF_SESSION, path=path)
        first = await arriving.inside()
        assert len(first) == MAX_OF_SESSION
        for request in first:
            read_queue.leave(request)
            read_queue.leave(request)
        assert len(await arriving.inside()) == 2 * MAX_OF_SESSION
        await arriving.end()

    async_to_sync(main)()


@pytest.mark.parametrize(
    ("calls", "slows_down", "entered"),
    [(SLOWED_ABOVE, True, 4), (SLOWED_ABOVE + 2, True, 2), (SLOWED_ABOVE + 2, False, 4)],
)
def test_a_session_with_many_calls_pauses_between_them(
    calls: int, slows_down: bool, entered: int
) -> None:
    async def main() -> None:
        now = 0.0
        queue = read_queue.ReadQueue(lambda: now)
        tasks = [
            asyncio.create_task(queue.enter("a", 2, slows_down=slows_down)) for _ in range(calls)
        ]
        for ticket in await have_entered(tasks):
            now = 60.0
            assert ticket is not None
            ticket.leave()
        assert len(await have_entered(tasks)) == entered
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async_to_sync(main)()


async def have_entered(tasks: list[asyncio.Task[Ticket | None]]) -> list[Ticket | None]:
    """Return the places that calls have got."""
    await loop_settles()
    return [task.result() for task in tasks if task.done()]


def test_other_sessions_do_not_wait_for_them() -> None:
    async def main() -> None:
        greedy = Arriving(["a"] * 3 * MAX_OF_SESSION)
        await greedy.inside()
        other = Arriving(["b"] * MAX_OF_SESSION)
        assert len(await other.inside()) == MAX_OF_SESSION
        await greedy.end()

    async_to_sync(main)()


def test_the_calls_of_an_address_enter_a_few_at_a_time() -> None:
    async def main() -> None:
        arriving = Arriving([""] * 2 * MAX_OF_ADDRESS)
        assert len(await arriving.inside()) == MAX_OF_ADDRESS
        await arriving.end()

    async_to_sync(main)()


@pytest.mark.parametrize(
    ("path", "method"),
    [(CHAT, "POST"), ("/", "GET"), ("/elsewhere/replies/some-id/", "GET"), (f"{CHAT}x/", "GET")],
)
def test_other_requests_never_wait(path: str, method: str) -> None:
    async def main() -> None:
        for _ in range(3 * MAX_OF_ADDRESS):
            await arrive("a", path, method=method)

    async_to_sync(main)()


def test_an_invalid_request_is_left_to_django() -> None:
    async def main() -> None:
        scope = {**AsyncRequestFactory().get(CHAT).scope, "query_string": b"\xff"}
        await request_started.asend(None, scope=scope)

    async_to_sync(main)()


def test_a_call_that_never_reaches_the_chat_gives_up_its_place(smaller: Smaller) -> None:
    smaller(read_queue, MAX_INSIDE=0.001)

    async def main() -> None:
        for _ in range(2 * MAX_OF_ADDRESS):
            await arrive("a")

    async_to_sync(main)()


def test_a_call_does_not_wait_for_ever(smaller: Smaller) -> None:
    smaller(read_queue, MAX_WAIT=0.001)

    async def main() -> None:
        for _ in range(2 * MAX_OF_ADDRESS):
            await arrive("a")

    async_to_sync(main)()


def test_a_client_who_leaves_while_waiting_takes_no_place() -> None:
    async def main() -> None:
        arriving = Arriving(["a"] * 2 * MAX_OF_SESSION)
        first = await arriving.inside()
        await arriving.end()
        for request in first:
            read_queue.leave(request)
        later = Arriving(["a"] * MAX_OF_SESSION)
        assert len(await later.inside()) == MAX_OF_SESSION

    async_to_sync(main)()


def test_nothing_is_kept_of_calls_that_have_ended() -> None:
    async def main() -> None:
        queue = read_queue.ReadQueue()
        tickets = [await queue.enter(key, 2) for key in ("a", "a", "b")]
        assert len(queue) == 2
        for ticket in tickets:
            assert ticket is not None
            ticket.leave()
        assert len(queue) == 0

    async_to_sync(main)()


def test_a_call_that_will_be_refused_waits_for_its_refusal(settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_session": 1}

    async def main() -> None:
        read_queue.leave(await arrive("a"))
        arriving = Arriving(["a"] * 3)
        assert await arriving.inside() == []
        assert brake().held_back == 3
        await arriving.end()
        await arrive("b")

    async_to_sync(main)()
