"""Words that say nothing about what a question is after, by language: `stopwords.json`.

Function words, and the words that questions and polite requests are made of. Kept short on
purpose: the large public lists also hold words that people search for, such as "free", "bill",
"page" or "help". A language that is not there works too: ranking gives frequent words little
weight.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path


@cache
def stop_words(language: str) -> frozenset[str]:
    """The stop words of a language code such as "de"; none for a language without a list."""
    return frozenset(_lists().get({"no": "nb", "nn": "nb"}.get(language, language), "").split())


@cache
def languages() -> frozenset[str]:
    """The languages that have a list."""
    return frozenset(_lists())


@cache
def _lists() -> dict[str, str]:
    lists: dict[str, str] = json.loads(
        Path(__file__).with_name("stopwords.json").read_text(encoding="utf-8")
    )
    return lists
