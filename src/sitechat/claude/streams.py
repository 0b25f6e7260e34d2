"""An answer of Claude as it comes: its events, as the dictionaries that Claude sends.

The SDK opens the stream and says what went wrong, but its way of reading one, which decodes line
by line and makes a model of each event, takes more processor time than all else that an event
costs here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anthropic import APIStatusError, AsyncAnthropic, AsyncStream

    Events = AsyncIterator[dict[str, Any]]


class EventStream:
    """An answer that has begun. Iterate over `events` once, then close it."""

    def __init__(self, stream: AsyncStream[Any], events: Events) -> None:
        self._stream = stream
        self.events = events
        self.request_id: str = stream.response.headers.get("request-id", "")

    async def close(self) -> None:
        await self._stream.close()


async def open_stream(client: AsyncAnthropic, parameters: dict[str, Any]) -> EventStream:
    """Ask Claude; raises what the SDK raises. So does reading: an event that says that something
    broke becomes an APIStatusError."""
    import anthropic
    import httpx2

    stream: AsyncStream[Any]
    if type(client) is not anthropic.AsyncAnthropic:
        # A site's own client need have no more than this, and may speak another protocol.
        stream = await client.messages.create(**parameters, stream=True)
        return EventStream(stream, _dumped(stream))
    stream = await client.post(
        "/v1/messages",
        body={**parameters, "stream": True},
        cast_to=object,
        stream=True,
        stream_cls=anthropic.AsyncStream[object],
    )
    # All that Claude was sent would stay in memory for as long as the answer takes.
    stream.response.request = httpx2.Request("POST", stream.response.request.url)
    return EventStream(stream, _received(stream))


async def _dumped(stream: AsyncStream[Any]) -> Events:
    async for event in stream:
        yield event.model_dump(mode="json")


async def _received(stream: AsyncStream[Any]) -> Events:
    rest = b""
    async for data in stream.response.aiter_bytes():
        # A proxy may have changed the ends of lines.
        *whole, rest = (rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        for event in whole:
            name, text = _fields(event)
            if name == b"error":
                raise _failure(text, stream)
            # As the SDK does: compatible servers send `data: [DONE]`, comments and empty events.
            if text and name not in {b"", b"ping"}:
                yield json.loads(text)


def _fields(event: bytes) -> tuple[bytes, str]:
    """The name and the data of a Server-Sent Event."""
    name, data = b"", []
    for line in event.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"event":
            name = value.strip()
        elif field == b"data":
            data.append(value)
    return name, b"\n".join(data).decode(errors="replace").strip()


def _failure(text: str, stream: AsyncStream[Any]) -> APIStatusError:
    from anthropic import APIStatusError

    body: object = text
    with suppress(ValueError):
        body = json.loads(text)
    return APIStatusError("An error event", response=stream.response, body=body)
