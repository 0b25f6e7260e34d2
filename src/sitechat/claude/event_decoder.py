"""Decode Server-Sent Events from the bytes of a response. This module does no I/O.

The SDK has a decoder too (`AsyncStream.raw_events`). This one is faster, needs linear time
for an event of any size, accepts a byte order mark, and replaces invalid UTF-8.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

EVENT_END = b"\n\n"
"""The blank line that ends an event."""

JSON_SPACES = " \t\n\r"
"""The characters that JSON allows around a value."""


class RawEvent(NamedTuple):
    """One event: its name, which may be empty, and its data before JSON is parsed."""

    name: str
    data: str


class EventDecoder:
    """Decodes the events of one response. Call `feed` with each chunk of it, then `end`."""

    def __init__(self) -> None:
        self._rest = bytearray()
        """The event whose end has not arrived yet."""
        self._after_cr = False
        """Whether the last chunk ended with CR, so that LF would belong to the same line end."""
        self._is_start = True

    @property
    def waiting_bytes(self) -> int:
        """The size of the event whose end has not arrived yet."""
        return len(self._rest)

    def feed(self, chunk: bytes) -> Sequence[RawEvent]:
        """Return the events that end in this chunk, except events with neither name nor data."""
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        rest = self._rest
        if not rest and chunk.endswith(EVENT_END):  # most chunks are whole events
            return self._events_of(chunk[: -len(EVENT_END)])
        searched = max(0, len(rest) - 1)  # the blank line may begin at the end of the last chunk
        rest += chunk
        end = rest.rfind(EVENT_END, searched)
        if end < 0:
            return ()
        whole = bytes(rest[:end])
        del rest[: end + len(EVENT_END)]
        return self._events_of(whole)

    def end(self) -> Sequence[RawEvent]:
        """Return the last event if the response has ended without the blank line after it."""
        return self.feed(EVENT_END)

    def _events_of(self, whole: bytes) -> Sequence[RawEvent]:
        """Return the events of bytes that end before a blank line."""
        if self._is_start:
            self._is_start = False
            whole = whole.removeprefix(codecs.BOM_UTF8)
        blocks = whole.split(EVENT_END)
        return [event for block in blocks if (event := _event_of(block)) is not None]

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """Return the chunk with LF as the end of all lines."""
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _event_of(block: bytes) -> RawEvent | None:
    """Return the event of the lines before a blank line; None if they have no name and no data."""
    name, data = "", []
    for line in block.decode("utf-8", "replace").split("\n"):
        field, _colon, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ")
    return RawEvent(name, "\n".join(data)) if name or data else None


_raw_decode = json.JSONDecoder().raw_decode
"""Parses the JSON value at the beginning of a text. `json.loads` takes twice as long, because it
also looks for spaces with regular expressions."""


def parsed(text: str) -> Any:
    """Return the value of a JSON text; None if it is `null`, invalid or nested too deeply."""
    text = text.strip(JSON_SPACES)
    try:
        value, end = _raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) else None
