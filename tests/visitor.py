"""A visitor of the test site, with the chat's HTTP calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import chain
from typing import Any, cast

from django.contrib.sessions.models import Session
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client

from sitechat.models import Conversation, Counter, Message, Usage
from sitechat.standin import Standin

CHAT = "/api/chat/"
UUID = "0b0d5e4c-5a43-4a3c-8f5c-8d3f3ef5a0b1"
"""The id of a client's message."""


def reply_url(reply: str, call: str = "") -> str:
    return f"{CHAT}replies/{reply}/{call}"


def parse(raw: bytes) -> list[dict[str, Any]]:
    """Return the events of a stream, which must end with `[DONE]`."""
    lines = [line[6:] for line in raw.decode().split("\n") if line.startswith("data: ")]
    assert lines[-1:] == ["[DONE]"], raw
    return [json.loads(line) for line in lines[:-1]]


def text_of(events: Iterable[dict[str, Any]]) -> str:
    return "".join(event.get("t", "") for event in events)


def value_of(events: Iterable[dict[str, Any]], key: str) -> Any:
    """Return the value of the only event that has the key."""
    [value] = [event[key] for event in events if key in event]
    return value


def raw_chunks(response: Any) -> Iterator[bytes]:
    """Return the chunks of a streamed answer as they arrive."""
    assert isinstance(response, StreamingHttpResponse), response.content
    return iter(cast("Iterator[bytes]", response.streaming_content))


def events_of(response: Any) -> list[dict[str, Any]]:
    """Read a streamed answer to its end and return its events."""
    return parse(b"".join(raw_chunks(response)))


async def async_events_of(response: Any) -> list[dict[str, Any]]:
    assert isinstance(response, StreamingHttpResponse), response.content
    assert response.is_async
    stream = cast("AsyncIterator[bytes]", response.streaming_content)
    return parse(b"".join([chunk async for chunk in stream]))


def nothing_happened(standin: Standin) -> bool:
    """Return whether there is no request to Claude, no row and no session."""
    tables = (Conversation, Message, Usage, Counter, Session)
    return not standin.requests and not any(table.objects.exists() for table in tables)


class Stream:
    """A streamed answer of which the first chunk has arrived."""

    def __init__(self, response: Any) -> None:
        self._response = response
        chunks = raw_chunks(response)
        first = next(chunks)
        data = next(line for line in first.decode().split("\n") if line.startswith("data: "))
        self.reply: str = json.loads(data[6:])["reply"]
        self._chunks = chain([first], chunks)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Close the stream, as if the visitor left the page."""
        self._response.close()


class Visitor:
    """A browser: a cookie jar and the calls of the chat."""

    def __init__(self, **headers: str) -> None:
        self.client = Client(headers=headers)

    def post(self, body: Any, url: str = CHAT, **kwargs: Any) -> Any:
        """POST a JSON body; `bytes` are sent unchanged."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.client.post(url, body, content_type="application/json", **kwargs)

    def send(self, message: str, **fields: Any) -> Any:
        return self.post({"message": message, **fields})

    def ask(self, message: str, **fields: Any) -> list[dict[str, Any]]:
        """Send a message and return the events of its whole reply."""
        return events_of(self.send(message, **fields))

    def begin(self, message: str, **fields: Any) -> tuple[str, Stream]:
        """Send a message and return the reply's id and its stream, which may still be running."""
        stream = Stream(self.send(message, **fields))
        return stream.reply, stream

    def history(self, **query: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.client.get(CHAT, query).json())

    def texts(self) -> list[str]:
        return [message["text"] for message in self.history()["messages"]]

    def follow(self, reply: str, **query: Any) -> list[dict[str, Any]]:
        return events_of(self.client.get(reply_url(reply), query))

    def poll(self, reply: str, **query: Any) -> dict[str, Any]:
        response = self.client.get(reply_url(reply), query, headers={"Accept": "application/json"})
        assert response.status_code == 200, response.content
        return cast("dict[str, Any]", response.json())

    def stop(self, reply: str, **body: Any) -> Any:
        return self.post(body, reply_url(reply, "stop/"))

    def rate(self, reply: str, **body: Any) -> Any:
        return self.post(body, reply_url(reply, "rating/"))

    def forget(self, **query: str) -> HttpResponse:
        query_string = "&".join(f"{name}={value}" for name, value in query.items())
        return cast("HttpResponse", self.client.delete(f"{CHAT}?{query_string}"))


class AsyncVisitor:
    """A browser whose requests are served with ASGI."""

    def __init__(self) -> None:
        self.client = AsyncClient()

    async def send(self, message: str, **fields: Any) -> Any:
        body = json.dumps({"message": message, **fields}).encode()
        return await self.client.post(CHAT, body, content_type="application/json")

    async def ask(self, message: str, **fields: Any) -> list[dict[str, Any]]:
        return await async_events_of(await self.send(message, **fields))


MakeVisitor = Callable[[], Visitor]
Held = tuple[Visitor, str, Stream]
