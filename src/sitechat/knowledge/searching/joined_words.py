"""Words that the question and the site divide differently, such as "login" and "log in".

A compound that no page contains is also split into two words of the site. `ranking` calls this
module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import pairwise

TermsOf = Callable[[str], Mapping[str, int]]
"""A function that returns the terms of a word, with the number of passages that contain each."""

_MIN_JOINED_LENGTH = 4
_MAX_SHORTER_LENGTH = 3
"""Two words are joined only if one of them has at most this many letters.

Longer words are joined mostly in source code.
"""
_MIN_PART_LENGTH = 4
_MAX_SPLIT_POSITION = 16
"""A word is split into a phrase only within this number of letters from its beginning."""
_LINKING_LETTERS = ("", "s", "n", "en", "es")
"""Letters that German and Dutch insert between the parts of a compound."""


def joined_terms(
    words: Sequence[str], stop_words: Set[str], terms_of: TermsOf
) -> Iterator[Mapping[str, int]]:
    """Yield the terms of neighbouring words of a question that the site writes as one word.

    Two words are joined only if one of them is short and the first one is not a number.

    Args:
        words: The words of the question in order.
        stop_words: Words that are not searched for. A pair is not joined if its first word or the
            joined word is a stop word.
        terms_of: Returns the terms of a word; empty if the site does not contain it.
    """
    for first, second in pairwise(words):
        word = first + second
        if first in stop_words or word in stop_words or first.isdigit():
            continue
        if min(len(first), len(second)) <= _MAX_SHORTER_LENGTH and len(word) >= _MIN_JOINED_LENGTH:
            terms = terms_of(word)
            if terms:
                yield terms


def spaced_phrases(word: str, terms_of: TermsOf, count: Callable[[str], int]) -> dict[str, int]:
    """Return the two-word phrases of the site that form an unknown word if they are joined.

    Args:
        word: The unknown word.
        terms_of: Returns the terms of a word; empty if the site does not contain it.
        count: Returns the number of passages with a phrase.

    Returns:
        The number of passages by phrase; empty if the site contains no such phrase.
    """
    phrases: dict[str, int] = {}
    for at in range(2, min(len(word), _MAX_SPLIT_POSITION) - 1):
        for first in terms_of(word[:at]):
            for second in terms_of(word[at:]):
                phrase = f"{first} {second}"
                passages = count(phrase)
                if passages:
                    phrases[phrase] = passages
    return phrases


def compound_parts(word: str, terms_of: TermsOf) -> list[Mapping[str, int]]:
    """Return the terms of the two words of the site that form an unknown compound.

    The list has two elements, or is empty if there are no such words. Between the two words there
    may be linking letters, as in "Arbeitszeit". If the compound can be split at several places, the
    parts are as equal in length as possible.
    """
    best: list[Mapping[str, int]] = []
    best_length = 0
    for at in range(_MIN_PART_LENGTH, len(word) - _MIN_PART_LENGTH + 1):
        shorter = min(at, len(word) - at)
        if shorter <= best_length:
            continue
        last = terms_of(word[at:])
        if not last:
            continue
        for letters in _LINKING_LETTERS:
            start = word[:at].removesuffix(letters) if word[:at].endswith(letters) else ""
            first = terms_of(start) if len(start) >= _MIN_PART_LENGTH else {}
            if first:
                best, best_length = [first, last], shorter
                break
    return best
