"""The language of a text, guessed by its stop words."""

from __future__ import annotations

from collections.abc import Iterable

from sitechat.knowledge.text.search_terms import normalised, plain_words
from sitechat.knowledge.text.stopwords import languages_with_stop_words, stop_words


def guess_language(text: str, candidates: Iterable[str], default: str) -> str:
    """Return the candidate language whose stop words the text uses most, or `default`.

    If two languages have equally many, it is the one that sites use more.
    """
    possible = set(candidates)
    found = list(plain_words(normalised(text)))
    best, highest = default, sum(word in stop_words(default) for word in found)
    for language in languages_with_stop_words():
        if language not in possible:
            continue
        count = sum(word in stop_words(language) for word in found)
        if count > highest:
            best, highest = language, count
    return best
