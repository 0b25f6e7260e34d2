"""Tests of the optional middleware that refuses messages before Django handles them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from pytest_django import Settings

from sitechat.http import early_admission, refusal_delay
from sitechat.http.turn_queue import MAX_STARTING, MAX_WAITING, process_queue
from sitechat.models import Conversation
from sitechat.standin import Standin
from tests.asgi_site import AsgiAnswer, AsgiCall
from tests.smaller import Smaller
from tests.visitor import CHAT, MakeVisitor, Visitor, parse, text_of
from tests.waiting import loop_settles

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

MIDDLEWARE = "sitechat.middleware.ChatMiddleware"

urlpatterns = [
    path("one/api/", include("sitechat.urls")),
    path("two/api/", include("sitechat.urls")),
]
"""A site that has the chat at two addresses, of which its name finds one."""

seen: list[str] = []


def noting(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """A middleware of the site."""

    def middleware(request: HttpRequest) -> HttpResponse:
        seen.append(request.path)
        return get_response(request)

    return middleware


started: list[str] = []
"""The paths of which Django has sent `request_started`."""


def note_start(scope: dict[str, Any] | None = None, **_signal: object) -> None:
    if scope is not None:
        started.append(scope["path"])


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> Iterator[None]:
    seen.clear()
    started.clear()
    request_started.connect(note_start)
    settings.MIDDLEWARE = [MIDDLEWARE, "tests.test_middleware.noting", *settings.MIDDLEWARE]
    yield
    request_started.disconnect(note_start)


@asynccontextmanager
async def full() -> AsyncIterator[None]:
    """So many turns begin and wait that there is no room for another."""
    started = [await process_queue().enter() for _ in range(MAX_STARTING)]
    waiting = [asyncio.create_task(process_queue().enter()) for _ in range(MAX_WAITING)]
    await loop_settles()
    try:
        yield
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        for ticket in started:
            ticket.leave()


HELLO = b'{"message": "Hi"}'


async def post(site: ASGIHandler, url: str = CHAT, **headers: str) -> AsgiAnswer:
    return await AsgiCall("POST", url, HELLO, **headers).answer(site)


def assert_overloaded(response: AsgiAnswer) -> None:
    assert response.status_code == 503
    answer = response.json()
    assert answer["error"] == "overloaded"
    assert answer["retryable"] is True
    assert int(response["Retry-After"]) == answer["retry_after"] >= 1
    assert "no-store" in response["Cache-Control"]


def test_a_message_without_room_is_refused_before_any_other_work(live_visitor: MakeVisitor) -> None:
    async def main() -> None:
        site = ASGIHandler()
        async with full():
            assert_overloaded(await post(site))
            assert seen == started == []
            page = await AsgiCall("GET", "/", b"").answer(site)
            assert page.status_code == 200
        assert text_of(parse((await post(site)).body))

    async_to_sync(main)()
    assert seen == started == ["/", CHAT]
    assert Conversation.objects.count() == 1


def test_the_view_refuses_as_well_and_django_logs_no_error(
    live_visitor: MakeVisitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]

    async def main() -> None:
        async with full():
            assert_overloaded(await post(ASGIHandler()))

    async_to_sync(main)()
    assert not Conversation.objects.exists()
    assert not [record for record in caplog.records if record.name.startswith("django")]


def test_a_page_of_another_host_may_read_the_refusal(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_ORIGINS = ["https://docs.example.org"]

    async def main() -> AsgiAnswer:
        async with full():
            return await post(ASGIHandler(), Origin="https://docs.example.org")

    response = async_to_sync(main)()
    assert_overloaded(response)
    assert response["Access-Control-Allow-Origin"] == "https://docs.example.org"
    assert "Retry-After" in response["Access-Control-Expose-Headers"]


def test_a_refusal_is_in_the_language_of_the_page(live_visitor: MakeVisitor) -> None:
    async def main() -> AsgiAnswer:
        async with full():
            return await post(ASGIHandler(), f"{CHAT}?lang=de")

    response = async_to_sync(main)()
    assert response["Content-Language"] == "de"
    assert "Bitte" in response.json()["message"]


def test_paths_are_learned_from_the_first_message(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.test_middleware"

    async def main() -> None:
        site, urls = ASGIHandler(), ("/one/api/chat/", "/two/api/chat/")
        for url in urls:
            assert text_of(parse((await post(site, url)).body))
        seen.clear()
        async with full():
            for url in urls:
                assert_overloaded(await post(site, url))
        assert seen == []

    async_to_sync(main)()


def test_a_message_that_the_site_refuses_keeps_no_place(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    async def main() -> None:
        site = ASGIHandler()
        for _ in range(MAX_STARTING + 1):
            response = await AsgiCall(body=b"{}").answer(site)
            assert response.status_code == 400

    async_to_sync(main)()
    assert not claude_standin.requests


def test_clients_that_send_slowly_or_leave_take_no_place(live_visitor: MakeVisitor) -> None:
    async def main() -> None:
        site = ASGIHandler()
        slow = [AsgiCall(body=None) for _ in range(MAX_STARTING + MAX_WAITING)]
        tasks = [asyncio.create_task(call.answer(site)) for call in slow]
        for call in slow:
            call.send_body(b'{"message"', more=True)
        await loop_settles()
        assert text_of(parse((await post(site)).body))
        for call in slow:
            call.leave()
        done, _pending = await asyncio.wait(tasks)
        assert all(task.exception() for task in done)  # nothing was sent to them
        assert text_of(parse((await post(site)).body))

    async_to_sync(main)()


def test_a_large_message_is_left_to_the_view(live_visitor: MakeVisitor, smaller: Smaller) -> None:
    smaller(early_admission, MAX_BODY=8)

    async def main() -> None:
        site, call = ASGIHandler(), AsgiCall(body=None)
        call.send_body(HELLO[:9], more=True)
        call.send_body(HELLO[9:])
        async with full():
            assert_overloaded(await call.answer(site))
        assert started == [CHAT]

    async_to_sync(main)()


def test_an_invalid_request_is_left_to_django(live_visitor: MakeVisitor) -> None:
    async def main() -> list[int]:
        async with full():
            calls = [AsgiCall(method, f"{CHAT}?x") for method in ("GET", "POST")]
            for call in calls:
                call.scope["query_string"] = b"\xff"
            return [(await call.answer(ASGIHandler())).status_code for call in calls]

    assert async_to_sync(main)() == [400, 400]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (CHAT, 200),
        (f"{CHAT}conversations/", 200),
        (f"{CHAT}updates/", 200),
        (f"{CHAT}replies/unknown/", 404),
    ],
)
def test_too_many_calls_that_read_are_refused_and_counted_once(
    path: str, status: int, live_visitor: MakeVisitor, settings: Settings, smaller: Smaller
) -> None:
    smaller(refusal_delay, DELAY=0.0)
    settings.CHAT_READ_LIMITS = {"reads_of_address": 2}

    async def main() -> list[AsgiAnswer]:
        site = ASGIHandler()
        return [await AsgiCall("GET", path, body=b"").answer(site) for _ in range(3)]

    *allowed, refused = async_to_sync(main)()
    assert [response.status_code for response in allowed] == [status, status]
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert started == [path, path]


def test_a_refused_client_that_leaves_is_not_kept(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_address": 1}

    async def main() -> None:
        site, call = ASGIHandler(), AsgiCall("GET", body=b"")
        assert (await AsgiCall("GET", body=b"").answer(site)).status_code == 200
        task = asyncio.create_task(call.answer(site))
        await loop_settles()
        assert refusal_delay.brake().held_back == 1
        call.leave()
        await asyncio.wait([task])
        assert refusal_delay.brake().held_back == 0

    with refusal_delay.brake.renewed():
        async_to_sync(main)()


def test_under_wsgi_other_requests_are_passed_on(visitor: Visitor) -> None:
    assert text_of(visitor.ask("Hello"))
    assert visitor.client.get("/").status_code == 200
    assert seen == [CHAT, "/"]


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}conversations/", f"{CHAT}replies/unknown/"])
def test_under_wsgi_too_many_calls_that_read_are_refused_before_other_middleware(
    path: str, live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"reads_of_address": 2}
    settings.CHAT_ORIGINS = ["https://docs.example.org"]
    client = live_visitor().client
    for _ in range(2):
        assert client.get(path).status_code != 429
    seen.clear()
    headers = {"Origin": "https://docs.example.org"}
    refused = client.get(path, {"lang": "de"}, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert int(refused["Retry-After"]) == refused.json()["retry_after"] >= 1
    assert refused["Content-Language"] == "de"
    assert refused["Access-Control-Allow-Origin"] == "https://docs.example.org"
    assert "no-store" in refused["Cache-Control"]
    assert seen == []
