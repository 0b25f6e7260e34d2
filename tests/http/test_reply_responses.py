"""Tests that a stream's slot is released, however its request ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, markcoroutinefunction
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.http.stream_slots import stream_slots, take_slot
from sitechat.models import Conversation
from sitechat.standin import Answer, Standin
from tests.visitor import AsyncVisitor, Held, MakeVisitor, Visitor, events_of, reply_url, text_of
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

FAILING = "tests.http.test_reply_responses"
"""This module is a session engine whose sessions can't be saved."""


class SessionStore(DatabaseSessions):
    """Sessions in a database that takes no new ones."""

    def save(self, must_create: bool = False) -> None:
        raise ConnectionError("the session store is down")


class Dropping:
    """A middleware that answers with a response of its own, and closes none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        self.get_response(request)
        return HttpResponse("dropped")


class Failing(Dropping):
    """A middleware that fails after the view."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        self.get_response(request)
        raise OperationalError("a middleware's database is down")


class LeavesBot(Chatbot):
    """Its visitor leaves while it says what it knows of them."""

    request: asyncio.Task[Any]

    async def context(self, request: HttpRequest) -> str:  # type: ignore[override]
        self.request.cancel()
        return "The visitor has left."


class Waiting:
    """A middleware that waits between the view and the headers until the client has left."""

    async_capable = True
    sync_capable = False
    reached: asyncio.Event

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        Waiting.reached.set()
        await asyncio.wait_for(asyncio.Event().wait(), 60)
        return response


@pytest.fixture(autouse=True)
def _two_places(settings: Settings) -> Iterator[None]:
    gc.collect()  # earlier tests have kept streams open
    before = stream_slots().streams
    settings.CHAT_MAX_STREAMS = before + 2
    yield

    def has_room() -> bool:
        """Return whether a full process finds the places of dropped responses again."""
        gc.collect()
        place = take_slot(before + 1)
        if place is not None:
            place.release()
        return place is not None and stream_slots().streams <= before

    until(has_room, seconds=30)


def test_visitors_get_an_answer_even_if_the_session_can_not_be_saved(
    live_visitor: MakeVisitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SESSION_ENGINE = FAILING
    for _ in range(4):
        response = live_visitor().send("Hello")
        assert response.status_code == 200
        assert events_of(response)[-1] == {"done": "complete"}
        response.close()
    assert Conversation.objects.count() == 4
    assert "session could not be saved" in caplog.text


def test_a_session_that_could_not_be_saved_is_not_saved_again_by_the_middleware(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.SESSION_ENGINE = FAILING
    settings.SESSION_SAVE_EVERY_REQUEST = True
    assert events_of(live_visitor().send("Hello"))[-1] == {"done": "complete"}


@pytest.mark.parametrize("name", ["Dropping", "Failing"])
def test_a_stream_that_middleware_drops_releases_its_slot(
    name: str, live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.MIDDLEWARE = [f"{FAILING}.{name}", *settings.MIDDLEWARE]
    for _ in range(4):
        visitor = live_visitor()
        visitor.client.raise_request_exception = False
        assert visitor.send("Hello").status_code in {200, 500}
        visitor.client.exc_info = None
    assert Conversation.objects.count() == 4


def test_a_client_that_disconnects_before_the_headers_releases_its_slot(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.MIDDLEWARE = [f"{FAILING}.Waiting", *settings.MIDDLEWARE]

    async def leave() -> None:
        for _ in range(4):
            Waiting.reached = asyncio.Event()
            request = asyncio.create_task(AsyncVisitor().send("Hello"))
            await asyncio.wait_for(Waiting.reached.wait(), 20)
            request.cancel()
            with suppress(asyncio.CancelledError):
                await request
            del request

    async_to_sync(leave)()
    assert Conversation.objects.count() == 4


def test_a_client_that_disconnects_while_its_reply_starts_releases_its_slot(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    """The view is cancelled while a thread still works for it."""
    settings.CHAT_BOTS = {"default": f"{FAILING}.LeavesBot"}

    async def leave() -> None:
        for _ in range(4):
            LeavesBot.request = asyncio.create_task(AsyncVisitor().send("Hello"))
            with suppress(asyncio.CancelledError):
                await LeavesBot.request
        del LeavesBot.request  # a task refers to the response that it was making

    async_to_sync(leave)()


def test_readers_of_a_reply_leave_streams_for_new_messages(held: Held, settings: Settings) -> None:
    visitor, reply, own = held
    with stream_slots.renewed():
        settings.CHAT_MAX_STREAMS = 4
        followers = [visitor.client.get(reply_url(reply)) for _ in range(3)]
        assert [response.status_code for response in followers] == [200, 200, 503]
        polling = visitor.client.get(reply_url(reply), headers={"Prefer": "respond-async"})
        assert polling.status_code == 202
        others = [Visitor().send("Hello") for _ in range(3)]
        assert [response.status_code for response in others] == [200, 200, 503]
        for stream in (own, *followers, *others):
            stream.close()


def test_a_repeated_message_only_follows_its_reply(
    live_visitor: MakeVisitor, quick_engine: None, claude_standin: Standin, settings: Settings
) -> None:
    claude_standin.script(Answer("One two", hold_after=1))
    visitor, copy = live_visitor(), str(uuid4())
    first = visitor.send("Count", id=copy)
    with stream_slots.renewed():
        settings.CHAT_MAX_STREAMS = 2
        again = [visitor.send("Count", id=copy) for _ in range(2)]
        assert [response.status_code for response in again] == [200, 503]
    with stream_slots.renewed():
        settings.CHAT_READ_LIMITS = {"streams_of_reply": 1}
        assert visitor.send("Count", id=copy).status_code == 429
        again[0].close()
        assert visitor.send("Count", id=copy).status_code == 200
    first.close()


def test_a_new_session_survives_a_later_change(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{FAILING}.Noting"]
    visitor = live_visitor()
    assert text_of(visitor.ask("Hello"))
    assert visitor.client.session["noted"] is True
    assert len(visitor.texts()) == 2


class Noting(Dropping):
    """A middleware that changes the session after the view."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        request.session["noted"] = True
        return response
