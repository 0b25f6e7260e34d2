"""Correction of misspelled words of a question with words of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_MIN_LENGTH = 4
_MAX_CANDIDATES = 10
_MIN_LENGTH_FOR_TWO_EDITS = 6  # two edits turn a shorter word into too many other words


def correct_spelling(
    word: str,
    words_by_length: Mapping[int, Mapping[str, int]],
    is_known: Callable[[str], bool] = lambda candidate: True,
) -> str | None:
    """Return the word of the site that is closest to an unknown word.

    Args:
        word: The unknown word.
        words_by_length: The words of the site by length, with the number of passages of each.
        is_known: Returns False for a word that current pages no longer contain.

    Returns:
        The word with the fewest edits: at most two, or one if the unknown word has fewer than six
        letters. An edit inserts, deletes or replaces a letter, or swaps two neighbours. If several
        words need equally many edits, words with the same first letter are preferred, then the more
        frequent words. None if no word is close enough, if `is_known` refuses the ten closest
        words, or if the unknown word contains a digit or has fewer than four letters.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < _MIN_LENGTH or any(letter.isdigit() for letter in word):
        return None
    max_edits = 2 if len(word) >= _MIN_LENGTH_FOR_TWO_EDITS else 1
    candidates: list[tuple[float, bool, int, str]] = []
    for length in range(len(word) - max_edits, len(word) + max_edits + 1):
        counts = words_by_length.get(length, {})
        for candidate, distance, _ in process.extract(
            word, counts.keys(), scorer=OSA.distance, score_cutoff=max_edits, limit=None
        ):
            candidates.append((distance, candidate[0] != word[0], -counts[candidate], candidate))
    return next(
        (
            candidate
            for *_, candidate in sorted(candidates)[:_MAX_CANDIDATES]
            if is_known(candidate)
        ),
        None,
    )
