"""Tests of streams with the middleware, servers and languages of real sites."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from pytest_django import Settings

from sitechat.errors import Interrupted
from sitechat.standin import Answer, Standin
from tests.visitor import (
    AsyncVisitor,
    MakeVisitor,
    Visitor,
    async_events_of,
    events_of,
    parse,
    reply_url,
    text_of,
)

Ask = Callable[..., list[dict[str, Any]]]

ORDINARY = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]


def body_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Read the body before the view, like logging and signing middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        assert request.body is not None
        return get_response(request)

    return middleware


@pytest.fixture(params=["sync", "async"])
def ask(
    request: pytest.FixtureRequest, visitor: Visitor
) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Send a message as a WSGI and as an ASGI request."""
    if request.param == "sync":
        yield visitor.ask
    else:
        yield async_to_sync(AsyncVisitor().ask)


def test_wsgi_and_asgi_serve_the_same_stream(ask: Ask, claude_standin: Standin) -> None:
    claude_standin.script(Answer("Hello there"))
    events = ask("Hello")
    assert text_of(events) == "Hello there"
    assert [next(iter(event)) for event in events] == ["reply", "t", "done"]


def test_an_ordinary_sites_middleware_breaks_nothing(
    ask: Ask, claude_standin: Standin, settings: Settings
) -> None:
    settings.MIDDLEWARE = ORDINARY
    text = "word " * 200  # long enough to be compressed
    claude_standin.script(Answer(text), Answer(text))
    for message in ("Hello", "Again"):
        assert text_of(ask(message)) == text


def test_middleware_that_reads_the_body_first(ask: Ask, settings: Settings) -> None:
    settings.MIDDLEWARE = ["tests.http.test_sse_on_sites.body_reader", *settings.MIDDLEWARE]
    assert ask("Hello")[-1] == {"done": "complete"}


def test_caches_never_show_a_visitor_the_response_of_another(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.MIDDLEWARE = ORDINARY
    settings.CACHE_MIDDLEWARE_SECONDS = 600
    claude_standin.script("My answer. " * 40)
    [reply] = [event["reply"] for event in visitor.ask("My question") if "reply" in event]
    assert "My question" in visitor.texts()
    assert visitor.follow(reply)[-1] == {"done": "complete"}
    other = Visitor()
    assert other.texts() == []
    assert other.client.get(reply_url(reply)).status_code == 404
    nobody = visitor.client.get("/api/chat/")
    assert "no-store" in nobody["Cache-Control"]
    assert "private" in nobody["Cache-Control"]
    visitor.forget()
    assert visitor.texts() == []


def test_no_response_is_a_304(visitor: Visitor, settings: Settings) -> None:
    settings.MIDDLEWARE = ORDINARY
    visitor.ask("Hello")
    first = visitor.client.get("/api/chat/")
    assert "ETag" not in first
    assert visitor.client.get("/api/chat/", headers={"If-None-Match": "*"}).status_code == 200


def test_json_may_be_compressed_and_streams_are_not(visitor: Visitor, settings: Settings) -> None:
    settings.MIDDLEWARE = ORDINARY
    accept = {"Accept-Encoding": "gzip"}
    response = visitor.post({"message": "Hello"}, headers=accept)
    assert response["Content-Encoding"] == "identity"
    assert events_of(response)[-1] == {"done": "complete"}
    history = visitor.client.get("/api/chat/", headers=accept)
    assert history["Content-Encoding"] == "gzip"
    assert b"Hello" in gzip.decompress(history.content)


def test_texts_are_in_the_language_of_the_reader(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.MIDDLEWARE = ORDINARY
    claude_standin.script(Answer("Hel", end="drop"))
    response = visitor.post({"message": "Hello"}, headers={"Accept-Language": "de"})
    assert response["Content-Language"] == "de"
    assert events_of(response)[-1] == {"done": "interrupted"}
    reply = visitor.history()["messages"][-1]["id"]
    [error] = [event for event in visitor.follow(reply) if "error" in event]
    assert error["message"] == str(Interrupted.message)


@pytest.fixture(params=["default", "other"])
def atomic_alias(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The site has ATOMIC_REQUESTS on one of its databases."""
    configured = {**connection.settings_dict, "ATOMIC_REQUESTS": True}
    monkeypatch.setitem(connections.settings, request.param, configured)
    yield
    if request.param == "other":
        connections["other"].close()
        del connections["other"]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_alias")
def test_sites_with_a_transaction_for_every_request_stream_too(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("One two", hold_after=1), Answer("Three"))
    visitor = live_visitor()
    _reply, rest = visitor.begin("Hello")
    early = b""
    while b"One" not in early:
        early += next(rest)
    claude_standin.release()
    assert b"two" in b"".join(rest)
    asked = async_to_sync(AsyncVisitor().ask)
    assert text_of(asked("Hello")) == "Three"


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_under_asgi_a_reply_lives_on_the_servers_loop(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("One two three", hold_after=1))

    async def main() -> None:
        visitor = AsyncVisitor()
        first = await visitor.send("Hello")
        chunks = aiter(first.streaming_content)
        early = b""
        while b"One" not in early:
            early += await anext(chunks)
        history = (await visitor.client.get("/api/chat/")).json()
        second = await visitor.client.get(reply_url(history["running"]))
        await asyncio.to_thread(claude_standin.release)
        late = b"".join([chunk async for chunk in chunks])
        assert text_of(parse(early + late)) == "One two three"
        assert text_of(await async_events_of(second)) == "One two three"

    async_to_sync(main)()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_under_asgi_an_open_stream_keeps_no_thread_of_its_request(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("One two three", hold_after=1))

    async def request() -> None:
        async with ThreadSensitiveContext():
            thread = await sync_to_async(threading.current_thread)()
            response = await AsyncVisitor().send("Hello")
            chunks = aiter(response.streaming_content)
            early = await anext(chunks)
            await asyncio.to_thread(thread.join, 5)
            assert not thread.is_alive()
            await asyncio.to_thread(claude_standin.release)
            late = b"".join([chunk async for chunk in chunks])
        assert text_of(parse(early + late)) == "One two three"

    # Under `async_to_sync` the request's thread would be this one.
    asyncio.run(request())
