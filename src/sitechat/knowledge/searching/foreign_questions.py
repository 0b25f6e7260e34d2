"""Translation of questions in languages that no page of the site uses."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.guess_budget import GuessBudget
from sitechat.knowledge.text.language_guessing import guess_language
from sitechat.knowledge.text.search_terms import is_unspaced, stem
from sitechat.knowledge.text.stopwords import languages_with_stop_words
from sitechat.knowledge.text.translated_words import word_translations

_MIN_COGNATE_DICE = 0.55
"""Two words are cognates if the Dice coefficient of their trigrams is at least this."""
_MIN_COGNATE_LENGTH = 5
_COMPOUNDING = frozenset(("da", "de", "fi", "nb", "nl", "nn", "no", "sv"))
"""Languages that write compounds as one word."""
_MIN_PART_LENGTH = 4


def foreign_language(text: str, index: Index, site_guess: str, visitor_language: str) -> str:
    """Return the language of a question if no page is in that language, else "".

    A language is recognized by its stop words. Languages without a list of stop words need two
    rules:

    - If `site_guess` is a language of the index without a list, the result is "".
    - If the visitor's language has no list, and no language except `site_guess` is recognized, the
      question is assumed to be in the visitor's language.

    Args:
        text: The question.
        index: The search index.
        site_guess: The most likely language among those of the index.
        visitor_language: The language of the visitor's page, or "".
    """
    site_languages = set(index.languages)
    guessable = languages_with_stop_words()
    if site_guess in site_languages and site_guess not in guessable:
        return ""  # a guess by stop words can't confirm this language
    guess = guess_language(text, guessable, site_guess)
    if guess == site_guess and visitor_language and visitor_language not in guessable:
        guess = visitor_language
    return "" if guess in site_languages else guess


def site_words(word: str, language: str, index: Index, budget: GuessBudget) -> list[str]:
    """Return words of the site that may mean a foreign word.

    The result contains the word's translations into the site's two most frequent languages. If
    there are none and the budget allows it, it contains the translations of the word's parts, or
    else the word's cognates.
    """
    folder = _cache_folder(index)
    dictionaries = [word_translations(language, target, folder) for target in index.languages[:2]]
    translations = [
        translation
        for dictionary in dictionaries
        for translation in dictionary.get(stem(word, language), [])
    ]
    if translations or not budget.spend_word(word):
        return translations
    if language in _COMPOUNDING:
        translations = [
            translation
            for dictionary in dictionaries
            for translation in _translated_parts(word, language, dictionary)
        ]
    return translations or list(_cognates(word, index))


def _translated_parts(word: str, language: str, dictionary: Mapping[str, list[str]]) -> list[str]:
    """Return the translations of the first part of a compound, and then those of the last part.

    The last part is the longest ending that has translations, because it carries the meaning:
    "Benutzerkonto" is a kind of "Konto". If no ending has translations, the result is empty.
    """
    for at in range(_MIN_PART_LENGTH, len(word) - _MIN_PART_LENGTH + 1):
        end = dictionary.get(stem(word[at:], language))
        if end:
            return [*dictionary.get(stem(word[:at], language), []), *end]
    return []


def _cache_folder(index: Index) -> Path | None:
    """Return the folder in which dictionaries are cached: the parent of the index."""
    with suppress(OSError):
        return index.folder.parent
    return None


def _cognates(word: str, index: Index) -> Iterator[str]:
    """Yield at most two words of the site with similar spelling and the same first two letters."""
    if len(word) < _MIN_COGNATE_LENGTH or is_unspaced(word):
        return
    plain = _unaccented(word)
    word_trigrams = _trigrams(plain)
    best: list[tuple[float, str]] = []
    for candidate in index.vocabulary.by_start.get(plain[:2], ()):
        if abs(len(candidate) - len(plain)) > 4:
            continue
        candidate_trigrams = _trigrams(_unaccented(candidate))
        shared = len(word_trigrams & candidate_trigrams)
        dice = 2 * shared / (len(word_trigrams) + len(candidate_trigrams))
        if dice >= _MIN_COGNATE_DICE:
            best.append((-dice, candidate))
    yield from (candidate for _, candidate in sorted(best)[:2])


def _unaccented(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _trigrams(word: str) -> set[str]:
    padded: Sequence[str] = f" {word} "
    return {"".join(padded[at : at + 3]) for at in range(len(padded) - 2)}
