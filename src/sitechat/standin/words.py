"""The words of a text that carry meaning. Pure."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a about again all also am an and any anything are as at be been but by can could did do "
        "does for from get give had happen happens has have hello help hey hi how i if in into "
        "is it its just know let me more my need no not of on or our out please put should site "
        "so some tell than "
        "thank thanks that the their them then there these they thing this those to up us use "
        "want was we were what when where which who why will with work would you your"
    )
)


def words(text: str) -> list[str]:
    """Return the words that carry meaning, cut down to a common stem.

    Of scripts without blanks between words: every two neighbouring characters.
    """
    found = []
    for word in _WORD.findall(text.lower()):
        if _EAST_ASIAN.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif word not in _STOP_WORDS and (len(word) > 1 or word.isdigit()):
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    for ending in ("s", "ing", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
    return word
