"""Cutting of a page's blocks into passages, the units that search finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sitechat.knowledge.reading.blocks import Block
from sitechat.knowledge.text.search_terms import count_words

MIN_WORDS, MAX_WORDS = 150, 250
"""A section with fewer than `MIN_WORDS` is joined with the next one. No passage has more than
`MAX_WORDS`, because longer passages gave worse search results."""
MAX_CHARACTERS = 4000
"""Maximum characters of a passage. Prose of 250 words is shorter; code may be longer."""
_MAX_HEADINGS = 6
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
# Data URLs, and other encoded data that is longer than a passage.
_DATA = re.compile(
    rf"data:[\w./+;=-]*;base64,[\w+/=-]*|(?<![\w+/=])[\w+/=]{{{MAX_CHARACTERS},}}", re.ASCII
)


@dataclass(frozen=True)
class PassageDraft:
    """A passage before it is stored: its text and the headings above it."""

    headings: tuple[str, ...]
    text: str


def cut_passages(blocks: Iterable[Block], title: str = "") -> list[PassageDraft]:
    """Cut blocks at headings into passages of at most 250 words and 4,000 characters.

    A section shorter than 150 words is joined with the next section under the same heading. The
    headings of both then become lines of the text.

    Args:
        blocks: The blocks of a page.
        title: The page's title. An equal heading is left out of the passages' headings.
    """
    cutter = _PassageCutter()
    path: list[tuple[int, str]] = []
    for block in blocks:
        if block.level:
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, block.text[:300]))
            cutter.start_section(block.text, _path(path, title))
            continue
        for piece in _pieces(_DATA.sub("", block.text)):
            cutter.add(piece, _path(path, title))
    cutter.finish()
    return cutter.passages


class _PassageCutter:
    """The finished passages, and the lines of the current one."""

    def __init__(self) -> None:
        self.passages: list[PassageDraft] = []
        self._path: tuple[str, ...] = ()
        """The headings above the current passage."""
        self._lines: list[str] = []
        self._words = 0
        self._length = 0
        self._headings: list[str] = []
        """Headings in the current passage that no text has followed yet."""

    def start_section(self, heading: str, path: tuple[str, ...]) -> None:
        """Finish the passage at a heading, unless it is short and the new section can be joined."""
        # The section is below the passage's first heading, or beside it.
        is_near = self._path == path[: len(self._path)] or (
            len(self._path) == len(path) and self._path[:-1] == path[:-1]
        )
        if self._lines and (self._words >= MIN_WORDS or not is_near):
            self.finish()
        if self._lines:
            self._headings.append(heading)

    def add(self, piece: str, path: tuple[str, ...]) -> None:
        """Add a piece of text to the passage, or to a new one if it would be too long."""
        words = sum(map(count_words, (*self._headings, piece)))
        length = sum(len(text) + 1 for text in (*self._headings, piece))
        if self._lines and (
            self._words + words > MAX_WORDS or self._length + length > MAX_CHARACTERS
        ):
            self.finish()
            words, length = count_words(piece), len(piece) + 1
        if not self._lines:
            self._path = path
        self._lines += [*self._headings, piece]
        self._words += words
        self._length += length
        self._headings.clear()

    def finish(self) -> None:
        """Finish the current passage."""
        text = "\n".join(self._lines).strip()
        if text:
            self.passages.append(PassageDraft(self._path, text))
        self._lines.clear()
        self._headings.clear()
        self._words = self._length = 0


def _path(path: list[tuple[int, str]], title: str) -> tuple[str, ...]:
    """Return the texts of the headings above a block, without the page's title."""
    return tuple(text for _, text in path if text != title)[:_MAX_HEADINGS]


def _pieces(text: str) -> Iterator[str]:
    """Yield a block that fits into a passage, or its parts: sentences and lines, or words."""
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
    for word in (part for long_word in split_words for part in _parts(long_word)):
        if len(piece) == MAX_WORDS or length + len(word) > MAX_CHARACTERS:
            yield " ".join(piece)
            piece, length = [], 0
        piece.append(word)
        length += len(word) + 1
    yield " ".join(piece)


def _parts(word: str) -> Iterator[str]:
    for at in range(0, len(word), MAX_CHARACTERS):
        yield word[at : at + MAX_CHARACTERS]
