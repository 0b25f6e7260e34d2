"""An answer on the wire: whatever a server or a proxy makes of Server-Sent Events is read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import anthropic
import httpx2
import pytest

from sitechat.claude.streams import open_stream

TEXTS = ("Hello", " Zoë", " \U0001f642", "\n\ndata: x\r\n")
EVENTS: list[dict[str, Any]] = [
    {"type": "content_block_delta", "delta": {"text": text}} for text in TEXTS
]
STOP: dict[str, Any] = {"type": "message_stop"}


def written(event: dict[str, Any], *, ascii_only: bool = True) -> str:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=ascii_only)}\n\n"


WHOLE = "".join(map(written, [*EVENTS, STOP]))


def read(pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    """The events of an answer whose body comes in these pieces."""

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "text/event-stream", "request-id": "req_1"}
        return httpx2.Response(200, headers=headers, content=body())

    async def main() -> list[dict[str, Any]]:
        transport = httpx2.MockTransport(answer)
        async with httpx2.AsyncClient(transport=transport) as http_client:
            client = anthropic.AsyncAnthropic(api_key="sk-test", http_client=http_client)
            stream = await open_stream(client, {"model": "claude-opus-4-7"})
            assert stream.request_id == "req_1"
            found = [event async for event in stream.events]
            await stream.close()
            return found

    return asyncio.run(main())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_come_whole_however_the_body_is_cut(size: int) -> None:
    body = "".join(written(event, ascii_only=False) for event in [*EVENTS, STOP]).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert read(pieces) == [*EVENTS, STOP]


@pytest.mark.parametrize("size", [1, 10_000])
def test_a_proxy_may_change_the_ends_of_lines(size: int) -> None:
    body = WHOLE.replace("\n", "\r\n").encode()
    assert read(body[at : at + size] for at in range(0, len(body), size)) == [*EVENTS, STOP]


@pytest.mark.parametrize(
    "more",
    [
        "data: [DONE]\n\n",
        ": a comment\n\n",
        "event: ping\ndata: {}\n\n",
        "event: ping\ndata:\n\n",
        "data:\n\n",
        "id: 7\nretry: 100\n\n",
    ],
    ids=["done", "comment", "ping", "empty ping", "empty", "no data"],
)
def test_what_compatible_servers_add_is_passed_over(more: str) -> None:
    assert read([f"{more}{WHOLE}{more}".encode()]) == [*EVENTS, STOP]


def test_data_of_several_lines_is_one() -> None:
    assert read([b'event: message_stop\ndata: {"type":\ndata: "message_stop"}\n\n']) == [STOP]


def test_what_was_cut_in_the_middle_is_no_event() -> None:
    assert read([WHOLE.encode()[:-2]]) == EVENTS


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ('{"type": "error", "error": {"type": "overloaded_error"}}', "overloaded_error"),
        ("upstream went away", None),
    ],
)
def test_an_event_that_is_an_error_is_raised(data: str, kind: str | None) -> None:
    with pytest.raises(anthropic.APIStatusError) as raised:
        read([f"{WHOLE}event: error\ndata: {data}\n\n".encode()])
    assert raised.value.type == kind
    assert raised.value.status_code == 200
