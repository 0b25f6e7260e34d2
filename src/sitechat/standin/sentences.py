"""A page or passage, Markdown or plain, cut into the pieces that an answer is made of. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

WRAPPED = 60
"""A line of fewer characters ends its paragraph, unless the next one goes on in lower case."""
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_ITEM = re.compile(r"(?:[-*+]|\d+\.)\s+(.*)")
_RULE = re.compile(r"[\s|:=-]*\Z")
_LABEL = re.compile(r"[^\W\d_](?:\w*[ '-]*){1,6}\Z")
_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])")


class Piece(NamedTuple):
    """A sentence, an item of a list, a row of a table or a block of code."""

    text: str
    heading: str = ""
    """The heading that it stands under."""
    paragraph: int = 0
    """Sentences of one paragraph have the same number."""


def pieces(text: str) -> list[Piece]:
    """Cut a text into pieces, in order; only a text of blanks has none."""
    found = _Cutter(text.splitlines()).cut()
    if not found and text.strip():
        return [Piece(text.strip())]
    return found


class _Cutter:
    def __init__(self, lines: list[str]) -> None:
        self.lines = [*lines, ""]
        self.found: list[Piece] = []
        self.heading = ""
        self.paragraph = 0
        self.open: list[str] = []

    def cut(self) -> list[Piece]:
        at = 0
        while at < len(self.lines):
            line = self.lines[at].strip()
            at += 1
            if line.startswith("```"):
                start = at - 1
                while at < len(self.lines) and not self.lines[at].strip().startswith("```"):
                    at += 1
                at += 1
                self._code("\n".join(self.lines[start:at]).strip())
            elif heading := _HEADING.match(line):
                self._close()
                self.heading = heading[1]
            elif _RULE.match(line):
                self._close()
            elif line.startswith("|") or " | " in line:
                self._row(line)
            else:
                following = self.lines[at].strip() if at < len(self.lines) else ""
                self._line(line, goes_on=following[:1].islower())
        return self.found

    def _line(self, line: str, *, goes_on: bool) -> None:
        item = _ITEM.match(line)
        if item:
            self._close()
        elif not self.open and not goes_on and _LABEL.match(line):
            self.heading = line
            return
        self.open.append(item[1] if item else line)
        if len(line) < WRAPPED and not goes_on:
            self._close()

    def _row(self, line: str) -> None:
        self._close()
        first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
        values = "; ".join(cell for cell in rest if cell)
        if values:
            self._add(f"{first}: {values}" if first else values)

    def _code(self, block: str) -> None:
        self._close()
        if self.found and self.found[-1].text.endswith(":"):
            last = self.found.pop()
            block = f"{last.text}\n\n{block}"
        self._add(block)

    def _close(self) -> None:
        text = " ".join(self.open)
        self.open = []
        self._add(*[one.strip() for one in _END.split(text) if one.strip()])

    def _add(self, *texts: str) -> None:
        self.paragraph += bool(texts)
        self.found += [Piece(text, self.heading, self.paragraph) for text in texts]
