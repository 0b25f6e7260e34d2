"""Tests of the optional middleware that refuses messages before any other work is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient
from django.urls import include, path
from pytest_django import Settings

from sitechat.http.gate import STARTING, WAITING, gate
from sitechat.models import Conversation
from sitechat.standin import Standin
from tests.visitor import CHAT, AsyncVisitor, MakeVisitor, Visitor, async_events_of, text_of
from tests.waiting import loop_turn

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


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    seen.clear()
    settings.MIDDLEWARE = [MIDDLEWARE, "tests.test_middleware.noting", *settings.MIDDLEWARE]


@asynccontextmanager
async def full() -> AsyncIterator[None]:
    """So many turns begin and wait that there is no room for another."""
    started = [await gate().enter() for _ in range(STARTING)]
    waiting = [asyncio.create_task(gate().enter()) for _ in range(WAITING)]
    await loop_turn()
    try:
        yield
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        for ticket in started:
            ticket.leave()


async def post(client: AsyncClient, url: str = CHAT, **headers: str) -> Any:
    return await client.post(url, b'{"message": "Hi"}', "application/json", headers=headers)


def assert_overloaded(response: Any) -> None:
    assert response.status_code == 503
    answer = response.json()
    assert answer["error"] == "overloaded"
    assert answer["retryable"] is True
    assert int(response["Retry-After"]) == answer["retry_after"] >= 1
    assert "no-store" in response["Cache-Control"]


def test_a_message_without_room_is_refused_before_any_other_work(live_visitor: MakeVisitor) -> None:
    async def main() -> None:
        client = AsyncClient()
        async with full():
            assert_overloaded(await post(client))
            assert seen == []
            page = await client.get("/")
            assert page.status_code == 200
        assert text_of(await AsyncVisitor().ask("Hello"))

    async_to_sync(main)()
    assert seen == ["/", CHAT]
    assert Conversation.objects.count() == 1


def test_the_view_refuses_as_well(live_visitor: MakeVisitor, settings: Settings) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]

    async def main() -> None:
        async with full():
            assert_overloaded(await post(AsyncClient()))

    async_to_sync(main)()
    assert not Conversation.objects.exists()


def test_a_page_of_another_host_may_read_the_refusal(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_ORIGINS = ["https://docs.example.org"]

    async def main() -> Any:
        async with full():
            return await post(AsyncClient(), Origin="https://docs.example.org")

    response = async_to_sync(main)()
    assert_overloaded(response)
    assert response["Access-Control-Allow-Origin"] == "https://docs.example.org"
    assert "Retry-After" in response["Access-Control-Expose-Headers"]


def test_a_refusal_is_in_the_language_of_the_page(live_visitor: MakeVisitor) -> None:
    async def main() -> Any:
        async with full():
            return await post(AsyncClient(), f"{CHAT}?lang=de")

    response = async_to_sync(main)()
    assert response["Content-Language"] == "de"
    assert "Bitte" in response.json()["message"]


def test_paths_are_learned_from_the_first_message(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.test_middleware"

    async def main() -> None:
        client, urls = AsyncClient(), ("/one/api/chat/", "/two/api/chat/")
        for url in urls:
            assert text_of(await async_events_of(await post(client, url)))
        seen.clear()
        async with full():
            for url in urls:
                assert_overloaded(await post(client, url))
        assert seen == []

    async_to_sync(main)()


def test_a_refused_message_takes_no_ticket(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    async def main() -> None:
        client = AsyncClient()
        for _ in range(STARTING + WAITING + 1):
            response = await client.post(CHAT, b"{}", "application/json")
            assert response.status_code == 400

    async_to_sync(main)()
    assert not claude_standin.requests


def test_under_wsgi_every_request_is_passed_on(visitor: Visitor) -> None:
    assert text_of(visitor.ask("Hello"))
    assert seen == [CHAT]
