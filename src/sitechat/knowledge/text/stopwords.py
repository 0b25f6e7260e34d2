"""Stop words by language, from `stopwords.json`.

Stop words are function words and words of questions and polite requests. The lists are short,
because large public lists contain words that people search for, such as "free", "bill", "page" or
"help". Search also works in languages without a list: ranking gives frequent words little weight.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_NORWEGIAN = {"no": "nb", "nn": "nb"}
_NONE: frozenset[str] = frozenset()


def stop_words(language: str) -> frozenset[str]:
    """Return the stop words of a language such as "de"; an empty set if there is no list."""
    # Not cached by language, because visitors choose it and could fill the cache.
    return _lists().get(_NORWEGIAN.get(language, language), _NONE)


@cache
def languages_with_stop_words() -> tuple[str, ...]:
    """Return the languages that have a list, the most common languages of websites first."""
    return tuple(_lists())


@cache
def _lists() -> dict[str, frozenset[str]]:
    lists: dict[str, str] = json.loads(
        Path(__file__).with_name("stopwords.json").read_text(encoding="utf-8")
    )
    return {language: frozenset(words.split()) for language, words in lists.items()}
