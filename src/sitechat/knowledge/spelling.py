"""Repairing misspelled words of a question, from the words of the site."""

from __future__ import annotations

from collections.abc import Mapping

_SHORTEST = 4
_TWO_EDITS_FROM = 6  # letters; two edits turn a shorter word into too many others


def repair(word: str, words_by_length: Mapping[int, Mapping[str, int]]) -> str | None:
    """The word of the site that is closest to an unknown one, the more frequent among equals.

    At most two edits away (one for words shorter than six letters), where an edit inserts,
    deletes or replaces a letter or swaps two neighbours. None where no word is as close.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < _SHORTEST or any(letter.isdigit() for letter in word):
        return None
    most = 2 if len(word) >= _TWO_EDITS_FROM else 1
    best: tuple[float, bool, int, str] | None = None
    for length in range(len(word) - most, len(word) + most + 1):
        counts = words_by_length.get(length, {})
        for found, distance, _ in process.extract(
            word, counts.keys(), scorer=OSA.distance, score_cutoff=most, limit=None
        ):
            rank = (distance, found[0] != word[0], -counts[found], found)
            if best is None or rank < best:
                best = rank
    return best[3] if best else None
