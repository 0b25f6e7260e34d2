"""Read the marks `[n]` with which models on servers without citations cite passages."""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECES = re.compile(r"(`+)|\[(\d{1,3})\]")
UNFINISHED = re.compile(r"`+$|\[\d{0,3}$")
"""The end of a text that may become a mark or a longer fence. It is held back until more text
arrives."""


class MarkReader:
    """Split a stream of text into text and marks.

    A mark is the number of a sent passage in brackets, such as `[2]`, outside of code. The space
    before a mark is removed. Call `feed` with each piece of the stream, then `rest`.
    """

    def __init__(self) -> None:
        self._held = ""
        self._fence = ""

    def feed(self, text: str, passages: int) -> Iterator[str | int]:
        """Yield the text and marks that are complete. Marks are numbers from 1 to `passages`."""
        text = self._held + text
        unfinished = UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        while end > 0 and text[end - 1] == " ":
            end -= 1
        self._held = text[end:]
        yield from self._split(text[:end], passages)

    def rest(self, passages: int) -> Iterator[str | int]:
        """Yield the text and marks that were held back, after the last piece."""
        text, self._held = self._held, ""
        yield from self._split(text, passages)

    def _split(self, text: str, passages: int) -> Iterator[str | int]:
        begin = 0
        for match in PIECES.finditer(text):
            fence, number = match.groups()
            if fence:
                if not self._fence:
                    self._fence = fence
                elif fence == self._fence:
                    self._fence = ""
            elif not self._fence and 1 <= int(number) <= passages:
                before = text[begin : match.start()].rstrip(" ")
                if before:
                    yield before
                yield int(number)
                begin = match.end()
        if text[begin:]:
            yield text[begin:]
