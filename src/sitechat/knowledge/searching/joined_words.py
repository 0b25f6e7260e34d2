"""Words of a question that the site joins or separates: "log in" and "login"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import pairwise

Known = Callable[[str], Mapping[str, int]]
"""Returns the terms of a word in the index, with the number of passages that contain each."""

_SHORTEST_JOINED = 4
_SHORT = 3
"""Maximum length of the shorter of two words to be joined. Only code often joins longer words."""
_SHORTEST_PART = 4
_LONGEST_SPACED = 16
_LINKS = ("", "s", "n", "en", "es")
"""Letters that German and Dutch insert between the parts of a compound."""


def joined(written: Sequence[str], stopped: Set[str], known: Known) -> Iterator[Mapping[str, int]]:
    """Yield the terms of neighbouring words of a question that the site writes as one.

    Args:
        written: The words of the question in order.
        stopped: Words that are not searched for, and with which no compound starts.
        known: Returns the terms of a word.
    """
    for first, second in pairwise(written):
        word = first + second
        if first in stopped or word in stopped or first.isdigit():
            continue
        if min(len(first), len(second)) <= _SHORT and len(word) >= _SHORTEST_JOINED:
            terms = known(word)
            if terms:
                yield terms


def spaced(word: str, known: Known, count: Callable[[str], int]) -> dict[str, int]:
    """Return phrases of two neighbouring words of the site that form an unknown word.

    Args:
        word: The word.
        known: Returns the terms of a word.
        count: Returns the number of passages with a phrase.
    """
    found: dict[str, int] = {}
    for at in range(2, min(len(word), _LONGEST_SPACED) - 1):
        for first in known(word[:at]):
            for second in known(word[at:]):
                phrase = f"{first} {second}"
                number = count(phrase)
                if number:
                    found[phrase] = number
    return found


def separated(word: str, known: Known) -> list[Mapping[str, int]]:
    """Return the terms of the two words of the site that form an unknown word; empty if none.

    If there are several ways, the parts are as equal in length as possible.
    """
    best: list[Mapping[str, int]] = []
    longest = 0
    for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        shorter = min(at, len(word) - at)
        if shorter <= longest:
            continue
        last = known(word[at:])
        if not last:
            continue
        for link in _LINKS:
            start = word[:at].removesuffix(link) if word[:at].endswith(link) else ""
            first = known(start) if len(start) >= _SHORTEST_PART else {}
            if first:
                best, longest = [first, last], shorter
                break
    return best
