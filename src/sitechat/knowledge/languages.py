"""Text to search terms: words, their stems, and pairs of characters where no spaces are written."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from .stopwords import languages, stop_words

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

# Scripts that are written without spaces: Chinese and Japanese characters, Hangul (whose particles
# stick to the words), Thai, Lao, Burmese and Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_FIRST_UNSPACED = "\u0e00"
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
LONGEST_WORD = 64
_JOINER = "\u200d"  # only says how letters are drawn
_VIRAMA = 9  # the combining class of signs that take a consonant its vowel


def base_language(code: str) -> str:
    """The language of a code or locale: "pt" for "pt-br", "" for ""."""
    return re.split(r"[-_.@]", code.lower(), maxsplit=1)[0]


@cache
def _word() -> re.Pattern[str]:
    r"""Letters and digits with their marks, which `\w` leaves out: vowel signs, accents, points.

    An apostrophe stays inside a word until the stop words were taken out.
    """
    marks = "".join(
        character
        for character in map(chr, range(0x300, 0xFE00))  # a larger set is slow
        if unicodedata.category(character) in ("Mn", "Mc")
    )
    return re.compile(rf"\w[\w{marks}]*(?:['\u2019][^\W\d]{{1,2}}(?!\w))?")


def words(text: str) -> Iterator[str]:
    """The words of a text, lower case; a run of unspaced script comes as overlapping pairs."""
    text = unicodedata.normalize("NFKC", text).casefold().replace(_JOINER, "").replace("_", " ")
    for match in _word().finditer(_UNSPACED_RUN.sub(r" \g<0> ", text)):
        word = match[0]
        if is_unspaced(word):
            if len(word) == 1:
                yield word
            for at in range(len(word) - 1):
                yield word[at : at + 2]
        elif len(word) <= LONGEST_WORD:
            yield word if word.isalnum() else re.split("['\u2019]", word, maxsplit=1)[0]


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script that is written without spaces."""
    return word[0] >= _FIRST_UNSPACED and bool(_UNSPACED_RUN.match(word))


_stemming = threading.Lock()  # a stemmer keeps the word that it works on in itself


@cache
def _stemmer(language: str) -> BaseStemmer | None:
    import snowballstemmer

    name = _STEMMERS.get(language)
    return snowballstemmer.stemmer(name) if name in snowballstemmer.algorithms() else None


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a word, without accents; words of languages without a stemmer stay whole."""
    stemmer = None if is_unspaced(word) else _stemmer(language)
    stemmed = word
    if stemmer is not None:
        with _stemming:
            stemmed = stemmer.stemWord(word)
    # In unspaced scripts accents are letters: voiced kana and Thai vowels.
    if stemmed.isascii() or is_unspaced(word):
        return stemmed
    decomposed = unicodedata.normalize("NFD", stemmed)
    kept = (c for c in decomposed if unicodedata.combining(c) in (0, _VIRAMA))
    return "".join(kept) or stemmed


def stems(text: str, language: str) -> list[str]:
    """The stems of all words of a text, in order."""
    return [stem(word, language) for word in words(text)]


def guess_language(text: str, candidates: Iterable[str], default: str) -> str:
    """The candidate whose stop words the text uses most; `default` where none stands out."""
    found = list(words(text))
    best, most = default, sum(word in stop_words(default) for word in found)
    for language in sorted(set(candidates) & languages()):
        count = sum(word in stop_words(language) for word in found)
        if count > most:
            best, most = language, count
    return best


def count_words(text: str) -> int:
    """How long a text is; two characters of an unspaced script count as one word."""
    unspaced = sum(len(run) for run in _UNSPACED_RUN.findall(text))
    return len(_UNSPACED_RUN.sub(" ", text).split()) + (unspaced + 1) // 2
