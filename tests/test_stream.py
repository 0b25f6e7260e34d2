"""Streams that nothing on a site holds back, mixes up or breaks."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse
from pytest_django import Settings

from sitechat import stream
from sitechat.errors import Interrupted
from sitechat.reply import Event, Reply
from sitechat.standin import Answer, Standin
from tests.visitor import (
    AsyncVisitor,
    Visitor,
    async_events_of,
    events_of,
    parse,
    raw_chunks,
    reply_url,
    text_of,
)

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
    """What logging and signing middlewares do: read the body before the view does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        assert request.body is not None
        return get_response(request)

    return middleware


# The wire


def test_events_are_lines_of_json() -> None:
    assert stream.encode(Event({"t": "Grüß\n\n🦊"}, 9)) == (
        'id: 9\ndata: {"t": "Grüß\\n\\n🦊"}\n\n'.encode()
    )
    assert stream.encode(Event({"done": "complete"})) == b'data: {"done": "complete"}\n\n'


def test_a_stream_begins_with_a_comment_and_ends_with_done(visitor: Visitor) -> None:
    raw = b"".join(raw_chunks(visitor.send("Hello")))
    assert raw.startswith(b': open\n\ndata: {"reply": "')
    assert raw.endswith(b'data: {"done": "complete"}\n\ndata: [DONE]\n\n')


def test_a_stream_says_that_it_is_not_to_be_held_back(visitor: Visitor) -> None:
    response = visitor.send("Hello")
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Content-Encoding"] == "identity"
    assert "Content-Length" not in response


def test_the_id_of_text_is_the_number_of_characters_so_far(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("ü🦊 x"))
    raw = b"".join(raw_chunks(visitor.send("Hello"))).decode()
    assert "id: 4\ndata: {" in raw
    assert raw.count("id: ") == 1


# Followers, without a server


def finished(**fields: Any) -> Reply:
    return Reply(id="r", message_id="m", text="Hello", status="complete", **fields)


def read_async(follower: stream.AsyncFollower) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in follower])

    return asyncio.run(read())


@pytest.mark.django_db
@pytest.mark.parametrize("after", [0, 3, 99])
def test_both_followers_say_the_same(after: int) -> None:
    reply = finished(sources=[{"n": 1, "title": "A", "url": "/a/"}], citations=[{"at": 5, "n": 1}])
    sync = b"".join(stream.SyncFollower(reply, after=after))
    assert read_async(stream.AsyncFollower(reply, after=after)) == sync
    assert text_of(parse(sync)) == "Hello"[after:]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [stream.SyncFollower, stream.AsyncFollower])
def test_silence_is_broken_by_comments(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.01)
    monkeypatch.setattr(stream, "POLL", 0.005)
    running = Reply(id="r", message_id="m")
    looks = iter([running, running, running, running, running, running, running, finished()])
    follower = kind(running, reload=lambda: next(looks))
    raw = b"".join(follower) if kind is stream.SyncFollower else read_async(follower)
    assert b": \n\n" in raw
    assert text_of(parse(raw)) == "Hello"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [stream.SyncFollower, stream.AsyncFollower])
def test_what_breaks_inside_a_stream_is_said_in_it(
    kind: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream, "POLL", 0.001)

    def fail() -> Reply:
        raise RuntimeError("secret detail")

    follower = kind(Reply(id="r", message_id="m"), reload=fail)
    raw = b"".join(follower) if kind is stream.SyncFollower else read_async(follower)
    [error] = [event for event in parse(raw) if "error" in event]
    assert (error["error"], error["retryable"]) == ("server_error", True)
    assert b"secret" not in raw
    assert error["ref"] in caplog.text


@pytest.mark.django_db
def test_a_forgotten_reply_ends_its_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "POLL", 0.001)
    follower = stream.SyncFollower(Reply(id="r", message_id="m"), reload=lambda: None)
    assert parse(b"".join(follower))[-1] == {"done": "stopped"}


# On a site


@pytest.fixture(params=["sync", "async"])
def ask(
    request: pytest.FixtureRequest, visitor: Visitor
) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Send a message as a WSGI and as an ASGI request."""
    if request.param == "sync":
        yield visitor.ask
    else:
        yield async_to_sync(AsyncVisitor().ask)


Ask = Callable[..., list[dict[str, Any]]]


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
    settings.MIDDLEWARE = ["tests.test_stream.body_reader", *settings.MIDDLEWARE]
    assert ask("Hello")[-1] == {"done": "complete"}


def test_no_cache_shows_a_visitor_what_another_was_told(
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


def test_no_answer_says_that_it_has_not_changed(visitor: Visitor, settings: Settings) -> None:
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


def test_words_are_those_of_the_readers_language(
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


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_sites_with_a_transaction_for_every_request_stream_too(
    live_visitor: Callable[[], Visitor], claude_standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
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
    live_visitor: Callable[[], Visitor], claude_standin: Standin
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
    live_visitor: Callable[[], Visitor], claude_standin: Standin
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
