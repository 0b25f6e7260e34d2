"""Search terms of a text: words, their stems, and pairs of characters in unspaced scripts."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from sitechat.knowledge.text.invisible_characters import without_invisible

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

# Scripts that are written without spaces: Chinese and Japanese characters, Hangul (where particles
# are attached to words), Thai, Lao, Burmese and Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_FIRST_UNSPACED = "\u0e00"
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
MAX_WORD_LENGTH = 64
"""Maximum characters of a word; longer words are not indexed."""
_HYPHEN = "[-\u2010\u2011]"
_HYPHENS = re.compile(_HYPHEN)
_DIGIT = re.compile(r"\d")
_HYPHENED = re.compile(rf"(?<![\w-])\w{{1,32}}(?:{_HYPHEN}\w{{1,32}}){{1,4}}(?![\w-])")
"""Two to five words joined by hyphens, such as "wi-fi"."""
_CODE = re.compile(r"(?<![\w-])([^\W\d]{1,6})(\d{2,32})(?!\w)")
"""Letters and digits without a hyphen between them, such as "ab1234"."""
_NUMBER = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d{1,3}(?:[. '\u2019]\d{3})+|\d{1,30})"
    r"(?:[.,](\d{1,2}))?(?![\w.,]*\w)"
)
"""A number with separators between its thousands, or with up to two decimals."""
_DOTTED = re.compile(r"(?<![\w.])[^\W\d_](?:\.[^\W\d_]){1,7}(?!\w)")
"""An abbreviation such as "u.s.a"."""
_GROUPED = re.compile(r"(?<![\w.,])\d{2,6}(?:[ /().-]{1,2}\d{2,9}){1,5}(?!\w)")
"""Groups of digits, as in telephone numbers."""
_MIN_GROUPED_DIGITS = 7
_JOINER = "\u200d"  # changes the shape of letters only
_VIRAMA = 9  # the combining class of signs that remove a consonant's vowel


def base_language(code: str) -> str:
    """Return the language of a code or locale: "pt" for "pt-br", "" for ""."""
    return re.split(r"[-_.@]", code.lower(), maxsplit=1)[0]


def normalised_locale(code: str) -> str:
    """Return the code of a language and region in the form of HTML: "pt-br" for "pt_BR"."""
    return code.lower().replace("_", "-")


@cache
def _word() -> re.Pattern[str]:
    r"""Return a pattern of words, with the combining marks that `\w` does not match.

    It also matches a short ending after an apostrophe, such as "'s". `plain_words` removes the
    ending, which would otherwise become a word.
    """
    marks = "".join(
        character
        for character in map(chr, range(0x300, 0xFE00))  # a larger set is slow
        if unicodedata.category(character) in ("Mn", "Mc")
    )
    return re.compile(rf"\w[\w{marks}]*(?:['\u2019][^\W\d]{{1,2}}(?!\w))?")


def words(text: str) -> Iterable[str]:
    """Return the words of a text in lower case, and then their `alternative_spellings`.

    In an unspaced script, overlapping pairs of characters take the place of words.
    """
    text = normalised(text)
    return chain(plain_words(text), alternative_spellings(text))


def normalised(text: str) -> str:
    """Return a text in lower case and in Unicode's form NFKC, to compare its words.

    Invisible characters are removed, and underscores become spaces.
    """
    text = unicodedata.normalize("NFKC", without_invisible(text)).casefold()
    return text.replace(_JOINER, "").replace("_", " ")


def plain_words(text: str) -> Iterator[str]:
    """Yield the words of a normalised text, without alternative spellings.

    In an unspaced script, overlapping pairs of characters take the place of words. Words that are
    longer than `MAX_WORD_LENGTH` are left out.
    """
    if text.isascii():
        for word in _word().findall(text):
            if len(word) <= MAX_WORD_LENGTH:
                yield word if word.isalnum() else word.partition("'")[0]
        return
    for match in _word().finditer(_UNSPACED_RUN.sub(r" \g<0> ", text)):
        word = match[0]
        if is_unspaced(word):
            if len(word) == 1:
                yield word
            for at in range(len(word) - 1):
                yield word[at : at + 2]
        elif len(word) <= MAX_WORD_LENGTH:
            yield word if word.isalnum() else re.split("['\u2019]", word, maxsplit=1)[0]


def alternative_spellings(text: str) -> Iterator[str]:
    """Yield alternative spellings of the words of a normalised text.

    Examples: "wifi" for "wi-fi", "ab1234" for "ab-1234", "ab" and "1234" for "ab1234", "usa" for
    "u.s.a.", "1299" for "1,299.00" and "1.299,00", and the digits of a telephone number without
    spaces.
    """
    for match in _HYPHENED.finditer(text) if _HYPHENS.search(text) else ():
        joined = re.sub(_HYPHEN, "", match[0])
        if len(joined) <= MAX_WORD_LENGTH:
            yield joined
    for match in _DOTTED.finditer(text) if "." in text else ():
        yield match[0].replace(".", "")
    if not _DIGIT.search(text):
        return
    for match in _GROUPED.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _MIN_GROUPED_DIGITS <= len(digits) <= MAX_WORD_LENGTH:
            yield digits
    for match in _CODE.finditer(text):
        yield from match.groups()
    for match in _NUMBER.finditer(text):
        whole, decimals = match[1], (match[2] or "").rstrip("0")
        whole = re.sub(r"\D", "", whole)
        # The tokenizer of the index keeps "·" in a word, unlike ASCII separators.
        number = f"{whole}\u00b7{decimals}" if decimals else whole
        if number != match[0] and len(number) <= MAX_WORD_LENGTH:
            yield number


def is_unspaced(word: str) -> bool:
    """Return whether a word begins with a character of a script that is written without spaces."""
    return word[0] >= _FIRST_UNSPACED and bool(_UNSPACED_RUN.match(word))


_stemming = threading.Lock()  # stemmers are not thread-safe


def _stemmer(language: str) -> BaseStemmer | None:
    name = _STEMMERS.get(language)
    return None if name is None else _snowball(name)


@cache
def _snowball(name: str) -> BaseStemmer | None:
    import snowballstemmer

    return snowballstemmer.stemmer(name) if name in snowballstemmer.algorithms() else None


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Return the stem of a word, without accents.

    If the language has no stemmer, the result is the word without accents. A word in an unspaced
    script is returned unchanged.
    """
    stemmer = None if is_unspaced(word) else _stemmer(language)
    # Most stemmers need the accents. In English, people often omit them.
    stemmed = _without_accents(word) if language == "en" else word
    if stemmer is not None:
        with _stemming:
            stemmed = stemmer.stemWord(stemmed)
    return _without_accents(stemmed)


def _without_accents(word: str) -> str:
    # In unspaced scripts combining marks distinguish words: voiced kana and Thai vowels.
    if word.isascii() or is_unspaced(word):
        return word
    decomposed = unicodedata.normalize("NFD", word)
    kept = (c for c in decomposed if unicodedata.combining(c) in (0, _VIRAMA))
    return "".join(kept) or word


class Stems(dict[str, str]):
    """A cache of the stems of a language's words; see `stem`. A full cache is emptied."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, word: str) -> str:
        if len(self) > 200_000:
            self.clear()
        self[word] = stemmed = stem(word, self._language)
        return stemmed


def stems(text: str, language: str) -> list[str]:
    """Return the stems of the words of a text in order, and of their alternative spellings."""
    return [stem(word, language) for word in words(text)]


def count_words(text: str) -> int:
    """Return the number of words of a text. Two characters of an unspaced script are one word."""
    unspaced = sum(len(run) for run in _UNSPACED_RUN.findall(text))
    return len(_UNSPACED_RUN.sub(" ", text).split()) + (unspaced + 1) // 2
