"""Open a streaming response and read its Server-Sent Events as dictionaries.

The SDK decodes the events (`AsyncStream.raw_events`), both for the default client and for
CHAT_CLIENT. `response_body` limits what the SDK reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from sitechat.claude.failures import REQUEST_ID_LENGTH, ClaudeError, NotAnAnswer, StreamCut
from sitechat.claude.response_body import LimitedBody, parsed
from sitechat.claude.usage_estimates import text_of

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from httpx2 import Response

    Events = AsyncIterator[dict[str, Any]]

BYTES_PER_TOKEN = 512
"""Maximum bytes per output token, if each token has an event of its own."""

BYTE_OVERHEAD = 1_048_576
"""Bytes allowed besides output, for pings, and for citations, which repeat passages."""

REST_WITHIN = 0.1
"""Seconds that a response may take to end after its answer has ended. If it does, its connection
is reused; otherwise it is closed."""

AWS_EVENTS = "application/vnd.amazon.eventstream"
NOT_EVENTS = ("html", "json", "xml")
"""Endings of the content types of responses that are no event stream."""


class EventStream:
    """A streaming response. Iterate over `events`, then close it."""

    def __init__(self, stream: AsyncStream[Any], max_bytes: int) -> None:
        self._stream = stream
        self._body = LimitedBody(stream.response, max_bytes)
        # The decoder uses only `aiter_bytes` of a response.
        self._raw = type(stream).raw_events(cast("Response", self._body))
        self.request_id = text_of(stream.response.headers.get("request-id"), REQUEST_ID_LENGTH)
        self.events = self._events()
        """The events that are JSON objects, each with a type. Other events are ignored, except a
        damaged `message_start`, which is yielded without its message.

        Raises ClaudeError for errors, NotAnAnswer if the response is no event stream, StreamCut and
        TooLarge.
        """

    async def _events(self) -> Events:
        """Yield the events; see `events`."""
        response = self._stream.response
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == AWS_EVENTS:
            async for event in self._typed_events():
                yield event
            return
        if kind.endswith(NOT_EVENTS):
            raise await self._not_an_answer(kind)
        async for raw in self._raw:
            self._body.event_ended()
            data = parsed(raw.data)
            is_object = isinstance(data, dict)
            if raw.event == "error" or (is_object and _says_error(data)):
                raise ClaudeError.of_event(data if data is not None else raw.data, response)
            if is_object:
                if not isinstance(data.get("type"), str):
                    data["type"] = raw.event
                yield data
            elif raw.event == "message_start" and data is None and raw.data != "null":
                # The event is damaged, but Claude has started, so the request is billed.
                yield {"type": raw.event}

    async def _typed_events(self) -> Events:
        """Yield the events of Bedrock, whose binary format only the SDK's stream can decode."""
        try:
            async for event in self._stream:
                if hasattr(event, "model_dump"):
                    yield event.model_dump(mode="json", warnings=False)
        except ValueError as error:
            raise StreamCut("an event could not be decoded") from error

    async def _not_an_answer(self, kind: str) -> Exception:
        body = await self._body.json() if kind.endswith("json") else None
        if isinstance(body, dict) and body.get("error"):
            return ClaudeError.of_event(body, self._stream.response)
        return NotAnAnswer(f"{text_of(kind, 64)} came instead of a stream of events", body)

    async def close(self, *, is_answered: bool) -> None:
        """Close the response, even if the server holds it open.

        Args:
            is_answered: Whether the answer has ended. Then the rest of the response is read for
                a short time, so that its connection can be reused.
        """
        if is_answered:
            with suppress(Exception):
                await asyncio.wait_for(self._exhaust(), REST_WITHIN)
        # Let the decoder's generators finish instead of leaving them to the garbage collector.
        self._body.end()
        with suppress(Exception):
            await self._exhaust()
        with suppress(Exception):
            await self._body.close()
        with suppress(Exception):
            await self._stream.close()

    async def _exhaust(self) -> None:
        """Read and ignore the rest of the response."""
        async for _event in self._raw:
            pass


def _says_error(data: dict[str, Any]) -> bool:
    """Return whether an event is an error; some gateways leave its type out."""
    kind = data.get("type")
    return kind == "error" or (kind is None and bool(data.get("error")))


async def open_stream(
    client: AsyncAnthropic, parameters: dict[str, Any], *, max_output: int
) -> EventStream:
    """Send a request and return its streaming response. Exceptions are the SDK's.

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
