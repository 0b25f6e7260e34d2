"""Cutting a page's blocks into passages of the size that a search result has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .blocks import Block
from .languages import count_words

FEWEST, MOST = 150, 250
"""Words of a passage; larger ones were measured to answer worse."""
LONGEST = 4000
"""Characters of a passage: 250 words of prose have fewer in any language, those of code may not."""
_DEEPEST_HEADING = 6
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
# What no reader would miss: an embedded file, or more of it than a passage holds.
_DATA = re.compile(
    rf"data:[\w./+;=-]*;base64,[\w+/=-]*|(?<![\w+/=])[\w+/=]{{{LONGEST},}}", re.ASCII
)


@dataclass(frozen=True)
class Cut:
    """A passage before it is stored: the headings that it stands under, and its text."""

    headings: tuple[str, ...]
    text: str


def cut(blocks: Iterable[Block], title: str = "") -> list[Cut]:
    """Passages of at most 250 words and 4000 characters, cut at headings.

    Sections shorter than 150 words are joined with the next one below the same heading, their
    headings kept as lines of the text. A heading equal to the page's title is left out of the path.
    """
    cuts: list[Cut] = []
    path: list[tuple[int, str]] = []
    gathered: list[str] = []
    gathered_words = gathered_length = 0
    gathered_path: tuple[str, ...] = ()
    headings: list[str] = []  # of sections that begin within a passage

    def finish() -> None:
        nonlocal gathered_words, gathered_length
        text = "\n".join(gathered).strip()
        if text:
            cuts.append(Cut(gathered_path, text))
        gathered.clear()
        headings.clear()
        gathered_words = gathered_length = 0

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
        for piece in _pieces(_DATA.sub("", block.text)):
            words = sum(map(count_words, (*headings, piece)))
            length = sum(len(text) + 1 for text in (*headings, piece))
            if gathered and (gathered_words + words > MOST or gathered_length + length > LONGEST):
                finish()
                words, length = count_words(piece), len(piece) + 1
            if not gathered:
                gathered_path = _path(path, title)
            gathered += [*headings, piece]
            gathered_words += words
            gathered_length += length
            headings.clear()
    finish()
    return cuts


def _path(path: list[tuple[int, str]], title: str) -> tuple[str, ...]:
    return tuple(text for _, text in path if text != title)[:_DEEPEST_HEADING]


def _pieces(text: str) -> Iterator[str]:
    """A block whole where it fits, else by sentences and lines, else by words."""
    if count_words(text) <= MOST and len(text) <= LONGEST:
        if text.strip():
            yield text
        return
    piece: list[str] = []
    words = length = 0
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end]
        start = end
        count = count_words(sentence)
        if piece and (words + count > MOST or length + len(sentence) > LONGEST):
            yield "".join(piece).strip("\n")
            piece, words, length = [], 0, 0
        if count > MOST or len(sentence) > LONGEST:
            yield from _slices(sentence)
        elif sentence.strip():
            piece.append(sentence)
            words += count
            length += len(sentence)
    if piece:
        yield "".join(piece).strip("\n")


def _slices(text: str) -> Iterator[str]:
    """A text without sentences, such as a minified script, in slices."""
    found = text.split()
    if len(found) < count_words(text):  # written without spaces
        for at in range(0, len(text), 2 * MOST):
            yield text[at : at + 2 * MOST]
        return
    piece: list[str] = []
    length = 0
    for word in (part for long in found for part in _parts(long)):
        if len(piece) == MOST or length + len(word) > LONGEST:
            yield " ".join(piece)
            piece, length = [], 0
        piece.append(word)
        length += len(word) + 1
    yield " ".join(piece)


def _parts(word: str) -> Iterator[str]:
    for at in range(0, len(word), LONGEST):
        yield word[at : at + LONGEST]
