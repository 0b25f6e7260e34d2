"""Words that the question joins and the site separates, or the reverse: "login" and "log in"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import pairwise

Known = Callable[[str], Mapping[str, int]]
"""A function that returns the terms of a word, with the number of passages that contain each."""

_MIN_JOINED_LENGTH = 4
_MAX_SHORTER_LENGTH = 3
"""Maximum length of the shorter one of two joined words. Longer words are mostly joined in code."""
_MIN_PART_LENGTH = 4
_MAX_SPACED_LENGTH = 16
_LINKS = ("", "s", "n", "en", "es")
"""Letters that German and Dutch insert between the parts of a compound."""


def joined_terms(
    words: Sequence[str], stop_words: Set[str], known: Known
) -> Iterator[Mapping[str, int]]:
    """Yield the terms of neighbouring words of a question that the site writes as one word.

    Args:
        words: The words of the question in order.
        stop_words: Words that are not searched for. No joined word starts with one of them.
        known: Returns the terms of a word.
    """
    for first, second in pairwise(words):
        word = first + second
        if first in stop_words or word in stop_words or first.isdigit():
            continue
        if min(len(first), len(second)) <= _MAX_SHORTER_LENGTH and len(word) >= _MIN_JOINED_LENGTH:
            terms = known(word)
            if terms:
                yield terms


def spaced_phrases(word: str, known: Known, count: Callable[[str], int]) -> dict[str, int]:
    """Return the two-word phrases of the site that form an unknown word if they are joined.

    Args:
        word: The unknown word.
        known: Returns the terms of a word.
        count: Returns the number of passages with a phrase.

    Returns:
        The number of passages of each phrase.
    """
    phrases: dict[str, int] = {}
    for at in range(2, min(len(word), _MAX_SPACED_LENGTH) - 1):
        for first in known(word[:at]):
            for second in known(word[at:]):
                phrase = f"{first} {second}"
                passages = count(phrase)
                if passages:
                    phrases[phrase] = passages
    return phrases


def compound_parts(word: str, known: Known) -> list[Mapping[str, int]]:
    """Return the terms of the two words of the site that form an unknown compound; empty if none.

    If the word can be split at several places, the parts are as equal in length as possible.
    """
    best: list[Mapping[str, int]] = []
    best_length = 0
    for at in range(_MIN_PART_LENGTH, len(word) - _MIN_PART_LENGTH + 1):
        shorter = min(at, len(word) - at)
        if shorter <= best_length:
            continue
        last = known(word[at:])
        if not last:
            continue
        for link in _LINKS:
            start = word[:at].removesuffix(link) if word[:at].endswith(link) else ""
            first = known(start) if len(start) >= _MIN_PART_LENGTH else {}
            if first:
                best, best_length = [first, last], shorter
                break
    return best
