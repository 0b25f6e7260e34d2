"""A limit on the work that the unknown words of one question cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MAX_WORDS = 10
"""Maximum number of unknown words of a question that are corrected, taken apart or compared."""
MAX_LENGTH = 30
"""Maximum length of an unknown word that is corrected, taken apart or compared."""
MAX_LOOKUPS = 250
"""Maximum number of parts of unknown words that are looked up for a question."""


class Guesses:
    """A budget of words and lookups for the unknown words of a question and the previous one.

    Args:
        known: Returns the terms of a word in the index.
        count: Returns the number of passages with a phrase.
    """

    def __init__(
        self, known: Callable[[str], Mapping[str, int]], count: Callable[[str], int]
    ) -> None:
        self._known = known
        self._count = count
        self._words = MAX_WORDS
        self._lookups = MAX_LOOKUPS

    def may_try(self, word: str) -> bool:
        """Return whether an unknown word may be examined, and count it."""
        if not self._words or len(word) > MAX_LENGTH:
            return False
        self._words -= 1
        return True

    def known(self, part: str) -> Mapping[str, int]:
        """Return the terms of a part of a word; empty after too many lookups."""
        return self._known(part) if self._spend() else {}

    def count(self, phrase: str) -> int:
        """Return the number of passages with a phrase; 0 after too many lookups."""
        return self._count(phrase) if self._spend() else 0

    def _spend(self) -> bool:
        self._lookups -= 1
        return self._lookups >= 0
