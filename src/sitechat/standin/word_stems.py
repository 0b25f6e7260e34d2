"""The significant words of a text, as stems."""

from __future__ import annotations

import re
from collections.abc import Collection

from sitechat.standin.answer_languages import ENGLISH, Language

_WORD = re.compile(r"\w+")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PARTS = re.compile(r"[^\W_]+")
_BRITISH_OUR = re.compile(r"(?<=\w\w)our(?=s?\Z)")
_MIN_PREFIX = 5


def words(text: str, language: Language = ENGLISH) -> list[str]:
    """Return the stems of the significant words of a text.

    Words keep their order and can occur several times. English stop words, those of `language` and
    single letters are left out. A name such as `CHAT_MODEL` yields itself and its parts. Chinese,
    Japanese and Korean words yield overlapping pairs of characters.
    """
    found = []
    for word in _WORD.findall(text.lower()):
        if _EAST_ASIAN.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
            continue
        names = [word, *_PARTS.findall(word)] if "_" in word.strip("_") else [word]
        found += [stem(name) for name in names if _is_significant(name, language)]
    return found


def stem(word: str) -> str:
    """Return a word without the most common English endings.

    A final "our" becomes "or", so that British and American spellings have one stem.
    """
    word = _BRITISH_OUR.sub("or", word)
    if word.endswith("ies") and len(word) > 4:
        word = f"{word[:-3]}y"
    for ending in ("s", "ing", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
    return word


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that a misspelled or foreign word most likely means, or None.

    The known word differs by one edit, or by two edits if `word` has more than six letters. An edit
    adds, removes or replaces a letter, or swaps two adjacent letters. Known words with less than
    three letters are not considered.

    If there is no such word, return the longest known word that begins with `word`, or with which
    `word` begins, such as "install" for "installiere". The shorter of both must have at least
    `_MIN_PREFIX` letters and 60% of the letters of the longer one.

    Words with less than four letters give None.
    """
    from rapidfuzz.distance import OSA  # only questions with unknown words need it

    if len(word) < 4:
        return None
    allowed = 1 if len(word) <= 6 else 2
    near = [
        (distance, other)
        for other in known
        if len(other) >= 3 and (distance := OSA.distance(word, other, score_cutoff=2)) <= allowed
    ]
    if near:
        return min(near)[1]
    prefixes = [(len(other), other) for other in known if _begins_alike(word, other)]
    return max(prefixes)[1] if prefixes else None


def _begins_alike(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    return (
        len(shorter) >= _MIN_PREFIX
        and longer.startswith(shorter)
        and len(shorter) >= 0.6 * len(longer)
    )


def _is_significant(word: str, language: Language) -> bool:
    stop = word in ENGLISH.stop_words or word in language.stop_words
    return not stop and (len(word) > 1 or word.isdigit())
