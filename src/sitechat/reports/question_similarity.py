"""The similarity of questions, by the letters of their sorted words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, TypeVar

MIN_GROUPED = 0.65
"""Minimum similarity, from 0 to 1, of a question to the first question of its group."""

MIN_REPEATED = 0.85
"""Minimum similarity, from 0 to 1, of two questions to count the second as a repetition."""

MAX_LENGTH = 300
"""Maximum characters of a question that are compared."""

WORDS = re.compile(r"\w+")

T = TypeVar("T")


def similarity(one: str, other: str) -> float:
    """Return the similarity of two questions, 0 to 1.

    Case, accents, punctuation and word order are ignored. Two texts without letters and digits have
    the similarity 1.
    """
    from rapidfuzz import fuzz

    return fuzz.ratio(_comparable(one), _comparable(other)) / 100


class SimilarTexts(Generic[T]):
    """A collection of texts, in which the most similar one to another text can be found."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._items: list[T] = []

    def add(self, text: str, item: T) -> None:
        """Add a text with the item that `find` returns for it."""
        self._texts.append(_comparable(text))
        self._items.append(item)

    def find(self, text: str) -> T | None:
        """Return the item of the most similar text; None if none is similar.

        A text without letters or digits is similar to none.
        """
        from rapidfuzz import fuzz, process

        own = _comparable(text)
        if not own:
            return None
        best = process.extractOne(
            own, self._texts, scorer=fuzz.ratio, score_cutoff=100 * MIN_GROUPED
        )
        return None if best is None else self._items[best[2]]


def grouped(items: Iterable[tuple[T, str]]) -> list[list[T]]:
    """Return items grouped by the similarity of their texts, the largest group first.

    Each item joins the group whose first text is most similar to its own, or starts a new group. An
    item without letters or digits is alone in its group.
    """
    groups: list[list[T]] = []
    firsts = SimilarTexts[list[T]]()
    for item, text in items:
        group = firsts.find(text)
        if group is not None:
            group.append(item)
            continue
        groups.append([item])
        firsts.add(text, groups[-1])
    return sorted(groups, key=len, reverse=True)


def _comparable(text: str) -> str:
    """Return the sorted words in lower case, without accents and punctuation."""
    plain = text[:MAX_LENGTH].casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(sorted(WORDS.findall(plain)))
