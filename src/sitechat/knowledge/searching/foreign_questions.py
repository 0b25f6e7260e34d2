"""Translation of questions in languages that no page of the site uses."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.guess_limit import Guesses
from sitechat.knowledge.text.language_guessing import guess_language
from sitechat.knowledge.text.search_terms import is_unspaced, stem
from sitechat.knowledge.text.stopwords import languages_with_stop_words
from sitechat.knowledge.text.translated_words import counterparts

_LEAST_COGNATE = 0.55
"""Minimum Dice coefficient of the trigrams of two words that count as cognates."""
_SHORTEST_COGNATE = 5
_COMPOUNDING = frozenset(("da", "de", "fi", "nb", "nl", "nn", "no", "sv"))
"""Languages that write compounds as one word."""
_SHORTEST_PART = 4


def language_of(text: str, index: Index, asked: str, visitor: str) -> str:
    """Return the language of a question if no page is in that language, else "".

    Args:
        text: The question.
        index: The search index.
        asked: The guess for the question among the languages of the index.
        visitor: The language of the visitor's page.
    """
    known = set(index.languages)
    if asked in known and asked not in languages_with_stop_words():
        return ""  # without stop words, another language would be guessed
    guessed = guess_language(text, languages_with_stop_words(), asked)
    if guessed == asked and visitor and visitor not in languages_with_stop_words():
        guessed = visitor  # there are no stop words for this language
    return "" if guessed in known else guessed


def words_of_site(word: str, language: str, index: Index, guesses: Guesses) -> list[str]:
    """Return words of the site that may mean a foreign word.

    They are its translations, or those of its parts, or else cognates.
    """
    folder = _folder(index)
    dictionaries = [counterparts(language, target, folder) for target in index.languages[:2]]
    found = [other for words in dictionaries for other in words.get(stem(word, language), [])]
    if found or not guesses.may_try(word):
        return found
    if language in _COMPOUNDING:
        found = [other for words in dictionaries for other in _of_parts(word, language, words)]
    return found or list(_cognates(word, index))


def _of_parts(word: str, language: str, dictionary: Mapping[str, list[str]]) -> list[str]:
    """Return the counterparts of the end of a compound, and of its start if that is known, too.

    The end of "Benutzerkonto" says what it is: an account.
    """
    for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        end = dictionary.get(stem(word[at:], language))
        if end:
            return [*dictionary.get(stem(word[:at], language), []), *end]
    return []


def _folder(index: Index) -> Path | None:
    with suppress(OSError):
        return index.folder.parent
    return None


def _cognates(word: str, index: Index) -> Iterator[str]:
    """Yield words of the site that resemble a foreign word, such as "configuration"."""
    if len(word) < _SHORTEST_COGNATE or is_unspaced(word):
        return
    plain = _plain(word)
    own_trigrams = _trigrams(plain)
    best: list[tuple[float, str]] = []
    for near in index.vocabulary.by_start.get(plain[:2], ()):
        if abs(len(near) - len(plain)) > 4:
            continue
        other_trigrams = _trigrams(_plain(near))
        dice = 2 * len(own_trigrams & other_trigrams) / (len(own_trigrams) + len(other_trigrams))
        if dice >= _LEAST_COGNATE:
            best.append((-dice, near))
    yield from (near for _, near in sorted(best)[:2])


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _trigrams(word: str) -> set[str]:
    padded: Sequence[str] = f" {word} "
    return {"".join(padded[at : at + 3]) for at in range(len(padded) - 2)}
