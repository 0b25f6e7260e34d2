"""A limit on the work for unknown words of one question: words that no page contains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MAX_WORDS = 10
"""Maximum number of unknown words that are corrected, split or compared."""
MAX_LENGTH = 30
"""Maximum length of an unknown word that is corrected, split or compared."""
MAX_LOOKUPS = 250
"""Maximum number of parts of unknown words that are looked up."""


class GuessBudget:
    """The words and lookups that remain for the unknown words of a question.

    A question and the previous one share a budget.

    Args:
        known: Returns the terms of a word in the index.
        count: Returns the number of passages with a phrase.
    """

    def __init__(
        self, known: Callable[[str], Mapping[str, int]], count: Callable[[str], int]
    ) -> None:
        self._known = known
        self._count = count
        self._remaining_words = MAX_WORDS
        self._remaining_lookups = MAX_LOOKUPS

    def may_try(self, word: str) -> bool:
        """Return whether an unknown word may be examined, and deduct it from the budget."""
        if not self._remaining_words or len(word) > MAX_LENGTH:
            return False
        self._remaining_words -= 1
        return True

    def known(self, part: str) -> Mapping[str, int]:
        """Return the terms of a part of a word; empty if no lookups remain."""
        return self._known(part) if self._spend_lookup() else {}

    def count(self, phrase: str) -> int:
        """Return the number of passages with a phrase; 0 if no lookups remain."""
        return self._count(phrase) if self._spend_lookup() else 0

    def _spend_lookup(self) -> bool:
        self._remaining_lookups -= 1
        return self._remaining_lookups >= 0
