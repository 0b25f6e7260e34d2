"""Cutting a page's blocks into passages of the size that a search result has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .blocks import Block
from .languages import count_words

FEWEST, MOST = 150, 250
"""Words of a passage; larger ones were measured to answer worse."""
_DEEPEST_HEADING = 6
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|\n+")


@dataclass(frozen=True)
class Cut:
    """A passage before it is stored: the headings that it stands under, and its text."""

    headings: tuple[str, ...]
    text: str


def cut(blocks: Iterable[Block], title: str = "") -> list[Cut]:
    """Passages of at most 250 words, cut at headings.

    Sections shorter than 150 words are joined with the next one below the same heading, their
    headings kept as lines of the text. A heading equal to the page's title is left out of the path.
    """
    cuts: list[Cut] = []
    path: list[tuple[int, str]] = []
    gathered: list[str] = []
    gathered_words = 0
    gathered_path: tuple[str, ...] = ()
    headings: list[str] = []  # of sections that begin within a passage

    def finish() -> None:
        nonlocal gathered_words
        text = "\n".join(gathered).strip()
        if text:
            cuts.append(Cut(gathered_path, text))
        gathered.clear()
        headings.clear()
        gathered_words = 0

    for block in blocks:
        if block.level:
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, block.text[:300]))
            now = _path(path, title)
            below = gathered_path == now[: len(gathered_path)] or (
                len(gathered_path) == len(now) and gathered_path[:-1] == now[:-1]
            )
            if gathered and (gathered_words >= FEWEST or not below):
                finish()
            if gathered:
                headings.append(block.text)
            continue
        for piece in _pieces(block.text):
            size = count_words(piece)
            size_with_headings = size + sum(map(count_words, headings))
            if gathered and gathered_words + size_with_headings > MOST:
                finish()
            if gathered:
                gathered += headings
                gathered_words += size_with_headings
            else:
                gathered_path = _path(path, title)
                gathered_words = size
            gathered.append(piece)
            headings.clear()
    finish()
    return cuts


def _path(path: list[tuple[int, str]], title: str) -> tuple[str, ...]:
    return tuple(text for _, text in path if text != title)[:_DEEPEST_HEADING]


def _pieces(text: str) -> Iterator[str]:
    """A block whole where it fits, else by sentences and lines, else by words."""
    if count_words(text) <= MOST:
        yield text
        return
    piece: list[str] = []
    size = 0
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end]
        start = end
        count = count_words(sentence)
        if size + count > MOST and piece:
            yield "".join(piece).strip("\n")
            piece, size = [], 0
        if count > MOST:
            yield from _slices(sentence)
        elif sentence.strip():
            piece.append(sentence)
            size += count
    if piece:
        yield "".join(piece).strip("\n")


def _slices(text: str) -> Iterator[str]:
    """A text without sentences, such as a minified script, in slices."""
    found = text.split()
    if len(found) >= count_words(text):
        for at in range(0, len(found), MOST):
            yield " ".join(found[at : at + MOST])
    else:  # written without spaces
        for at in range(0, len(text), 2 * MOST):
            yield text[at : at + 2 * MOST]
