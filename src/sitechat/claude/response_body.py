"""Limit the size of a response body and repair its encoding before the SDK decodes it."""

from __future__ import annotations

import codecs
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from sitechat.claude.failures import TooLarge

if TYPE_CHECKING:
    from httpx2 import Response

MAX_BYTES_OF_EVENT = 1_048_576
"""Maximum size of an event. The largest real ones hold a page that a server tool has read."""

MAX_LINES_OF_EVENT = 1_000
"""Maximum lines of an event. Real ones have two; the decoder copies the event at each line."""

EVENT_END = b"\n\n"
"""Appended to the body, because the last event may lack the blank line that ends it."""

EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
"""All valid ends of an event."""

PIECE = 16_384
"""Number of bytes passed to the decoder at once; the limits are checked between two pieces."""


class LimitedBody:
    """A response body for the SDK's decoder: of limited size and valid UTF-8."""

    def __init__(self, response: Response, max_bytes: int) -> None:
        self._chunks = response.aiter_bytes()
        self._left = max_bytes
        self._start: bytes | None = b""
        """The first bytes while they may be a byte order mark; None afterwards."""
        self._event_bytes = 0
        self._event_lines = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_whole = True
        """Whether the UTF-8 decoder holds no incomplete character."""
        self._has_ended = False

    def end(self) -> None:
        """End the iteration, so that the decoder finishes."""
        self._has_ended = True

    async def close(self) -> None:
        """Close the iterator that reads the response."""
        await self._chunks.aclose()

    def event_ended(self) -> None:
        """Reset the limits of an event, after the decoder has returned one."""
        self._event_bytes = self._event_lines = 0

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces.

        This is one function because a nested generator would cost microseconds per event.
        """
        if self._has_ended:
            return
        try:
            async for chunk in self._chunks:
                taken = self._taken(chunk)
                for at in range(0, len(taken), PIECE):
                    piece = taken[at : at + PIECE]
                    self._event_bytes += len(piece)
                    self._event_lines += piece.count(b"\n") or piece.count(b"\r")
                    yield self._valid(piece)
                    if self._has_ended:
                        return
                    if piece.endswith(EVENT_ENDS):
                        self.event_ended()
                    elif self._event_bytes > MAX_BYTES_OF_EVENT or (
                        self._event_lines > MAX_LINES_OF_EVENT
                    ):
                        raise TooLarge("an event is too large")
        except TooLarge:
            raise
        except Exception:
            yield EVENT_END
            raise
        yield EVENT_END

    def _taken(self, chunk: bytes) -> bytes:
        """Count a chunk, and return it without a byte order mark, which would hide an event."""
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge("the answer is too large")
        if self._start is None:
            return chunk
        self._start += chunk
        if len(self._start) < len(codecs.BOM_UTF8) and codecs.BOM_UTF8.startswith(self._start):
            return b""
        start, self._start = self._start, None
        return start.removeprefix(codecs.BOM_UTF8)

    def _valid(self, piece: bytes) -> bytes:
        """Return the piece with invalid UTF-8 replaced by U+FFFD."""
        if self._is_whole and piece.isascii():
            return piece
        text = self._decoder.decode(piece)
        self._is_whole = not self._decoder.getstate()[0]
        return text.encode()

    async def json(self) -> Any:
        """Return the body parsed as JSON; None if it is not valid JSON."""
        chunks = [self._taken(chunk) async for chunk in self._chunks]
        return parsed(b"".join(chunks).decode(errors="replace"))


def parsed(text: str) -> Any:
    """Return the value of a JSON text; None if it is invalid or nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
