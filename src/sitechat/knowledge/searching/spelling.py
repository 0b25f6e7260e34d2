"""Correction of misspelled words of a question with words of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_SHORTEST = 4
_MAX_TRIED = 10
_TWO_EDITS_FROM = 6  # letters; two edits turn a shorter word into too many other words


def repair(
    word: str,
    words_by_length: Mapping[int, Mapping[str, int]],
    is_known: Callable[[str], bool] = lambda near: True,
) -> str | None:
    """Return the word of the site that is closest to an unknown word.

    Args:
        word: The unknown word.
        words_by_length: The words of the site by length, with the number of passages of each.
        is_known: Returns False for a word that occurs only in an earlier version of a page.

    Returns:
        A word that is at most two edits away; one edit if the unknown word is shorter than six
        letters. An edit inserts, deletes or replaces a letter or swaps two neighbours. Of equally
        close words it is the most frequent one. None if no word is close enough.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < _SHORTEST or any(letter.isdigit() for letter in word):
        return None
    max_edits = 2 if len(word) >= _TWO_EDITS_FROM else 1
    near: list[tuple[float, bool, int, str]] = []
    for length in range(len(word) - max_edits, len(word) + max_edits + 1):
        counts = words_by_length.get(length, {})
        for candidate, distance, _ in process.extract(
            word, counts.keys(), scorer=OSA.distance, score_cutoff=max_edits, limit=None
        ):
            near.append((distance, candidate[0] != word[0], -counts[candidate], candidate))
    return next(
        (candidate for *_, candidate in sorted(near)[:_MAX_TRIED] if is_known(candidate)), None
    )
