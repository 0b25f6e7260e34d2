"""Words of a text in the form that search compares: split, normalised and stemmed.

`language_guessing` guesses the language of a text, and `translated_words` has small dictionaries.
This package imports nothing from the rest of the project.
"""

from __future__ import annotations

from sitechat.knowledge.text.language_guessing import guess_language
from sitechat.knowledge.text.search_terms import (
    base_language,
    count_words,
    stem,
    stems,
    words,
)
from sitechat.knowledge.text.stopwords import stop_words

__all__ = [
    "base_language",
    "count_words",
    "guess_language",
    "stem",
    "stems",
    "stop_words",
    "words",
]
