"""Cutting of a page's blocks into passages, the units that search finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sitechat.knowledge.reading.blocks import Block
from sitechat.knowledge.text.search_terms import count_words

MIN_WORDS, MAX_WORDS = 150, 250
"""Length of a passage in words. Larger passages gave worse search results."""
MAX_CHARACTERS = 4000
"""Maximum characters of a passage. Prose of 250 words is always shorter; code may be longer."""
_MAX_HEADINGS = 6
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
# Embedded files as data URLs, and other encoded data that is longer than a passage.
_DATA = re.compile(
    rf"data:[\w./+;=-]*;base64,[\w+/=-]*|(?<![\w+/=])[\w+/=]{{{MAX_CHARACTERS},}}", re.ASCII
)


@dataclass(frozen=True)
class PassageDraft:
    """A passage before it is stored: its text and the headings above it."""

    headings: tuple[str, ...]
    text: str


def cut(blocks: Iterable[Block], title: str = "") -> list[PassageDraft]:
    """Cut blocks at headings into passages of at most 250 words and 4000 characters.

    A section shorter than 150 words is joined with the next section under the same heading. The
    headings of both then become lines of the text.

    Args:
        blocks: The blocks of a page.
        title: The page's title. An equal heading is left out of the passages' headings.
    """
    cuts: list[PassageDraft] = []
    path: list[tuple[int, str]] = []
    gathered: list[str] = []
    gathered_words = gathered_length = 0
    gathered_path: tuple[str, ...] = ()
    headings: list[str] = []  # of sections that start within the passage

    def finish() -> None:
        nonlocal gathered_words, gathered_length
        text = "\n".join(gathered).strip()
        if text:
            cuts.append(PassageDraft(gathered_path, text))
        gathered.clear()
        headings.clear()
        gathered_words = gathered_length = 0

    for block in blocks:
        if block.level:
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, block.text[:300]))
            new_path = _path(path, title)
            # The new section is below the passage's first heading, or beside it.
            is_near = gathered_path == new_path[: len(gathered_path)] or (
                len(gathered_path) == len(new_path) and gathered_path[:-1] == new_path[:-1]
            )
            if gathered and (gathered_words >= MIN_WORDS or not is_near):
                finish()
            if gathered:
                headings.append(block.text)
            continue
        for piece in _pieces(_DATA.sub("", block.text)):
            words = sum(map(count_words, (*headings, piece)))
            length = sum(len(text) + 1 for text in (*headings, piece))
            if gathered and (
                gathered_words + words > MAX_WORDS or gathered_length + length > MAX_CHARACTERS
            ):
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
    """Return the texts of the headings above a block, without the page's title."""
    return tuple(text for _, text in path if text != title)[:_MAX_HEADINGS]


def _pieces(text: str) -> Iterator[str]:
    """Yield a block whole if it fits, otherwise split at sentences and lines, or at words."""
    if count_words(text) <= MAX_WORDS and len(text) <= MAX_CHARACTERS:
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
        if piece and (words + count > MAX_WORDS or length + len(sentence) > MAX_CHARACTERS):
            yield "".join(piece).strip("\n")
            piece, words, length = [], 0, 0
        if count > MAX_WORDS or len(sentence) > MAX_CHARACTERS:
            yield from _slices(sentence)
        elif sentence.strip():
            piece.append(sentence)
            words += count
            length += len(sentence)
    if piece:
        yield "".join(piece).strip("\n")


def _slices(text: str) -> Iterator[str]:
    """Yield slices of a text without sentences, such as a minified script."""
    split_words = text.split()
    if len(split_words) < count_words(text):  # an unspaced script: two characters count as a word
        for at in range(0, len(text), 2 * MAX_WORDS):
            yield text[at : at + 2 * MAX_WORDS]
        return
    piece: list[str] = []
    length = 0
    for word in (part for long in split_words for part in _parts(long)):
        if len(piece) == MAX_WORDS or length + len(word) > MAX_CHARACTERS:
            yield " ".join(piece)
            piece, length = [], 0
        piece.append(word)
        length += len(word) + 1
    yield " ".join(piece)


def _parts(word: str) -> Iterator[str]:
    for at in range(0, len(word), MAX_CHARACTERS):
        yield word[at : at + MAX_CHARACTERS]
