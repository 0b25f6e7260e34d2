"""A limit on the work for unknown words: words of a question that no page contains.

To guess what an unknown word means, `ranking` needs many queries of the index. A question may have
many such words.
"""

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
        terms_of: Returns the terms of a word in the index, with the number of passages of each;
            empty if the word is unknown.
        count: Returns the number of passages with a phrase.
    """

    def __init__(
        self, terms_of: Callable[[str], Mapping[str, int]], count: Callable[[str], int]
    ) -> None:
        self._terms_of = terms_of
        self._count = count
        self._remaining_words = MAX_WORDS
        self._remaining_lookups = MAX_LOOKUPS

    def spend_word(self, word: str) -> bool:
        """Return whether an unknown word may be examined. If so, deduct it from the budget."""
        if not self._remaining_words or len(word) > MAX_LENGTH:
            return False
        self._remaining_words -= 1
        return True

    def terms_of(self, part: str) -> Mapping[str, int]:
        """Return the terms of a part of a word; empty if it is unknown or no lookups remain."""
        return self._terms_of(part) if self._spend_lookup() else {}

    def count(self, phrase: str) -> int:
        """Return the number of passages with a phrase; 0 if no lookups remain."""
        return self._count(phrase) if self._spend_lookup() else 0

    def _spend_lookup(self) -> bool:
        self._remaining_lookups -= 1
        return self._remaining_lookups >= 0
