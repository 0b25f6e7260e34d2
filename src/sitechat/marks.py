"""The marks `[n]` by which servers without citations say what their text rests on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECES = re.compile(r"(`+)|\[(\d{1,3})\]")
UNFINISHED = re.compile(r"`+$|\[\d{0,3}$")
"""What may yet become a mark or a longer fence: it is held back until more text has come."""


class MarkReader:
    """Parts a stream of text into text and marks.

    A mark is a number in brackets, of a passage that was given, outside of code: `[2]`. The
    space before it goes with it. Feed it the stream's pieces, then call `rest()`.
    """

    def __init__(self) -> None:
        self._held = ""
        self._fence = ""

    def feed(self, text: str, passages: int) -> Iterator[str | int]:
        """What is sure by now: text, and the numbers of marks (from 1, at most `passages`)."""
        text = self._held + text
        unfinished = UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        while end > 0 and text[end - 1] == " ":
            end -= 1
        self._held = text[end:]
        yield from self._parted(text[:end], passages)

    def rest(self, passages: int) -> Iterator[str | int]:
        """What was held back, when no more text comes."""
        text, self._held = self._held, ""
        yield from self._parted(text, passages)

    def _parted(self, text: str, passages: int) -> Iterator[str | int]:
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
