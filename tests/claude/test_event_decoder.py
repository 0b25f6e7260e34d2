"""Tests of the decoder of Server-Sent Events, also against the SDK's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import anthropic
import pytest

from sitechat.claude.event_decoder import EventDecoder, RawEvent, parsed

PIECES = (
    *(b"event: a", b"event:b", b"event", b"event: error", b"data: {}", b"data:x", b"data"),
    *(b"data:", b"data:  y", b"\n", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\r", b"\r\n\r\n", b": c"),
    *(b"id: 1", b"retry: 5", b"retry: x", b" ", b":", b"z", b"\x00", b"\x0b", b"\xc2\x85"),
    *("data: Zoë".encode(), "data: \u2028".encode(), "\U0001f642".encode()),
)
"""Parts of events, and what may stand between them."""


def decoded(*chunks: bytes) -> list[RawEvent]:
    decoder = EventDecoder()
    return [*(event for chunk in chunks for event in decoder.feed(chunk)), *decoder.end()]


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


class Body:
    """A response's body for the SDK's decoder."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in (*self._chunks, b"\n\n"):
            yield chunk


async def decoded_by_sdk(chunks: Sequence[bytes]) -> list[RawEvent]:
    events = anthropic.AsyncStream.raw_events(Body(chunks))  # type: ignore[arg-type]
    return [RawEvent(event.event or "", event.data) async for event in events]


@pytest.mark.parametrize("seed", range(40))
def test_events_are_those_of_the_sdks_decoder(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    for _time in range(25):
        body = b"".join(chance.choices(PIECES, k=chance.randrange(1, 30)))
        ends = sorted(chance.choices(range(len(body) + 1), k=5))
        chunks = [body[a:b] for a, b in zip([0, *ends], [*ends, len(body)], strict=True) if a < b]
        # The SDK's decoder also returns empty events, such as those that are only an id.
        of_sdk = [each for each in asyncio.run(decoded_by_sdk(chunks)) if any(each)]
        assert [each for each in decoded(*chunks) if any(each)] == of_sdk, chunks


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_events_are_the_same_in_chunks_of_any_size(size: int, line_end: str) -> None:
    body = 'event: a\ndata: {"t": "Zoë \U0001f642"}\n\n: c\n\ndata: 1\ndata:2\n\ndata\n\n'
    assert decoded(*cut(body.replace("\n", line_end).encode(), size)) == [
        RawEvent("a", '{"t": "Zoë \U0001f642"}'),
        RawEvent("", "1\n2"),
        RawEvent("", ""),
    ]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n", b"\n\r", b"\r\n\r"])
def test_an_event_ends_with_its_blank_line_and_does_not_wait_for_the_next(end: bytes) -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: x") == ()
    assert decoder.waiting_bytes == 7
    assert decoder.feed(end) == [RawEvent("", "x")]
    assert decoder.waiting_bytes == 0
    assert list(decoder.end()) == []


@pytest.mark.parametrize("rest", ["", "\n", "\r", "\r\n"])
def test_the_last_event_may_lack_its_blank_line(rest: str) -> None:
    assert decoded(b"data: 1\n\n", f"event: b\ndata: 2{rest}".encode()) == [
        RawEvent("", "1"),
        RawEvent("b", "2"),
    ]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_byte_order_mark_counts_only_at_the_start(size: int) -> None:
    body = b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\ndata: \xef\xbb\xbf3\n\n"
    assert decoded(*cut(body, size)) == [RawEvent("", "1"), RawEvent("", "\ufeff3")]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("broken", [b"\xff", b"\xc3", b"\xed\xa0\xbd", b"\xf0\x9f", b"\x80\x80"])
def test_invalid_utf_8_is_replaced_as_python_replaces_it(broken: bytes, size: int) -> None:
    body = b"event: " + broken + b"\ndata: a" + broken + b"b\ndata: " + broken + b"\n\n"
    shown = broken.decode(errors="replace")
    assert decoded(*cut(body, size)) == [RawEvent(shown, f"a{shown}b\n{shown}")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, "\\ud83d"]}', {"a": [1, "\ud83d"]}),
        (" \t[1]\r\n", [1]),
        ('"x"', "x"),
        ("null", None),
        ("", None),
        ("{", None),
        ("{} {}", None),
        ("{}x", None),
        ("\ufeff{}", None),
        ("\u2028{}", None),
        ("[" * 100_000, None),
    ],
)
def test_data_is_parsed_as_json(text: str, value: object) -> None:
    assert parsed(text) == value
