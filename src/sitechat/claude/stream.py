"""Open a streaming response with the SDK and read its events as dictionaries.

The events are decoded by `event_decoder`, both for the default client and for CHAT_CLIENT.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from sitechat.claude.event_decoder import EventDecoder, RawEvent, parsed
from sitechat.claude.failures import (
    REQUEST_ID_LENGTH,
    ClaudeError,
    NotAnAnswer,
    StreamCut,
    TooLarge,
)
from sitechat.claude.reported_text import reported_text

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from httpx2 import AsyncByteStream, Response

Events = AsyncGenerator[dict[str, Any], None]

BYTES_PER_TOKEN = 512
"""Maximum bytes per output token, if each token has an event of its own."""

BYTE_OVERHEAD = 1_048_576
"""Bytes allowed besides output, for pings, and for citations, which repeat passages."""

MAX_BYTES_OF_EVENT = 1_048_576
"""Maximum size of an event. The largest real ones hold a page that a server tool has read."""

REST_WITHIN = 0.1
"""Maximum seconds from the end of an answer to the end of its response. If the response ends in
time, its connection is reused; otherwise it is closed."""

AWS_EVENTS = "application/vnd.amazon.eventstream"
"""The content type of Bedrock's binary events."""

NOT_EVENTS = ("html", "json", "xml")
"""Endings of the content types of responses that are not event streams."""


class EventStream:
    """A streaming response. Iterate over `events`, then call `close`, also after an error."""

    def __init__(self, stream: AsyncStream[Any], max_bytes: int) -> None:
        self._stream = stream
        self._chunks = _body_of(stream.response)
        self._left = max_bytes
        self._decoder = EventDecoder()
        self.request_id = reported_text(
            stream.response.headers.get("request-id"), REQUEST_ID_LENGTH
        )
        self.events = self._events()
        """The events that are JSON objects, each with a type. Other events are ignored, except a
        damaged `message_start`, which is yielded without its message.

        Raises ClaudeError for errors, NotAnAnswer if the response is not an event stream, StreamCut
        for events that can't be decoded, TooLarge, and the exceptions of the connection.
        """

    async def _events(self) -> Events:
        """Yield the events; see `events`."""
        kind = self._stream.response.headers.get("content-type", "")
        kind = kind.partition(";")[0].strip().lower()
        if kind == AWS_EVENTS:
            async for typed in self._typed_events():
                yield typed
            return
        if kind.endswith(NOT_EVENTS):
            raise await self._not_an_answer(kind)
        failure: Exception | None = None
        while True:
            try:
                chunk = await anext(self._chunks)
            except StopAsyncIteration:
                break
            except Exception as error:
                failure = error
                break
            for raw in self._decoder.feed(self._counted(chunk)):
                if (event := self._object(raw)) is not None:
                    yield event
            if self._decoder.waiting_bytes > MAX_BYTES_OF_EVENT:
                raise TooLarge("an event is too large")
        # Even if the connection was cut, the last event may be complete except for the blank line.
        for raw in self._decoder.end():
            if (event := self._object(raw)) is not None:
                yield event
        if failure is not None:
            raise failure

    def _object(self, raw: RawEvent) -> dict[str, Any] | None:
        """Return the JSON object of an event, with a type; None if there is none.

        Raises:
            ClaudeError: The event is an error.
        """
        data = parsed(raw.data)
        is_object = isinstance(data, dict)
        if raw.name == "error" or (is_object and _says_error(data)):
            reported = data if data is not None else raw.data
            raise ClaudeError.of_event(reported, self._stream.response)
        if is_object:
            if not isinstance(data.get("type"), str):
                data["type"] = raw.name
            return cast("dict[str, Any]", data)
        if raw.name == "message_start" and data is None and raw.data != "null":
            # The event is damaged, but Claude has started, so the request is billed.
            return {"type": raw.name}
        return None

    def _counted(self, chunk: bytes) -> bytes:
        """Return the chunk. Raise TooLarge if the response has become too large."""
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge("the answer is too large")
        return chunk

    async def _typed_events(self) -> Events:
        """Yield the events of Bedrock, whose binary format only the SDK's stream can decode."""
        try:
            async for event in self._stream:
                if hasattr(event, "model_dump"):
                    yield event.model_dump(mode="json", warnings=False)
        except ValueError as error:
            raise StreamCut("an event could not be decoded") from error

    async def _not_an_answer(self, kind: str) -> Exception:
        """Return the error for a response that is not a stream, with its body if it is JSON."""
        body = None
        if kind.endswith("json"):
            chunks = [self._counted(chunk) async for chunk in self._chunks]
            body = parsed(b"".join(chunks).decode("utf-8-sig", "replace"))
        if isinstance(body, dict) and body.get("error"):
            return ClaudeError.of_event(body, self._stream.response)
        return NotAnAnswer(f"{reported_text(kind, 64)} came instead of a stream of events", body)

    async def close(self, *, is_answered: bool) -> None:
        """Close the response, even if the server holds it open. Raise no errors.

        Args:
            is_answered: Whether the answer has ended. Then the rest of the response is read for
                a short time, so that its connection can be reused.
        """
        if is_answered:
            with suppress(Exception):
                await asyncio.wait_for(self._exhaust(), REST_WITHIN)
        # Let the generators finish instead of leaving them to the garbage collector.
        for generator in (self.events, self._chunks):
            if isinstance(generator, AsyncGenerator):
                with suppress(Exception):
                    await generator.aclose()
        with suppress(Exception):
            await self._stream.close()

    async def _exhaust(self) -> None:
        """Read and ignore the rest of the response."""
        async for _chunk in self._chunks:
            pass


def _body_of(response: Response) -> AsyncIterator[bytes]:
    """Return the chunks of a response's body, decompressed.

    A body without compression is read directly from its stream. `aiter_bytes` would add several
    generators, each of which takes time for every event.
    """
    encoding = response.headers.get("content-encoding", "identity")
    if encoding == "identity" and not response.is_stream_consumed:
        return aiter(cast("AsyncByteStream", response.stream))
    return response.aiter_bytes()


def _says_error(data: dict[str, Any]) -> bool:
    """Return whether an event is an error; some gateways leave its type out."""
    kind = data.get("type")
    return kind == "error" or (kind is None and bool(data.get("error")))


async def open_stream(
    client: AsyncAnthropic, parameters: dict[str, Any], *, max_output: int
) -> EventStream:
    """Send a request and return its streaming response. Errors are raised as the SDK raises them.

    Args:
        client: The SDK's client, or one like it.
        parameters: The arguments of `messages.create`; with `betas`, of `beta.messages.create`.
        max_output: The maximum output tokens of the answer.
    """
    import httpx2

    messages: Any = client.beta.messages if "betas" in parameters else client.messages
    stream: AsyncStream[Any] = await messages.create(**parameters, stream=True)
    # The response would keep the whole request in memory until the answer ends.
    stream.response.request = httpx2.Request("POST", stream.response.request.url)
    return EventStream(stream, BYTE_OVERHEAD + BYTES_PER_TOKEN * max_output)
