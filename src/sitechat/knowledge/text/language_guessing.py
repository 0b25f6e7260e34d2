"""The language of a text, guessed by its stop words."""

from __future__ import annotations

from collections.abc import Iterable

from sitechat.knowledge.text.search_terms import normalised, plain_words
from sitechat.knowledge.text.stopwords import languages_with_stop_words, stop_words


def guess_language(text: str, candidates: Iterable[str], default: str) -> str:
    """Return the candidate whose stop words a text contains most often.

    Args:
        text: The text.
        candidates: The possible languages.
        default: The result if no candidate has more stop words in the text than this language.

    Returns:
        A candidate or `default`. If several candidates have equally many stop words in the text, it
        is the language that more sites use.
    """
    allowed = set(candidates)
    written = list(plain_words(normalised(text)))
    best, best_count = default, sum(word in stop_words(default) for word in written)
    for language in languages_with_stop_words():
        if language not in allowed:
            continue
        count = sum(word in stop_words(language) for word in written)
        if count > best_count:
            best, best_count = language, count
    return best
