"""How alike two questions are, as PostgreSQL's pg_trgm tells it: by the trigrams they share. Pure.

Trigrams see past endings and misspellings and need no list of words, so they work in every
language that is written with letters; for those written without spaces they are coarser.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import floor
from typing import TypeVar

ALIKE = 0.5
"""The least likeness, 0 to 1, of a question to its group's first one."""

SAME = 0.8
"""The least likeness of a question that was asked again."""

LONGEST = 300
"""Characters of a question that are compared."""

WORDS = re.compile(r"\w+")

T = TypeVar("T")

Trigrams = frozenset[str]


def trigrams(text: str) -> Trigrams:
    """The trigrams of a text's words, without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST].casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found: set[str] = set()
    for word in WORDS.findall(plain):
        padded = f"  {word} "
        found.update(padded[n : n + 3] for n in range(len(padded) - 2))
    return frozenset(found)


def likeness(one: Trigrams, other: Trigrams) -> float:
    """The share of the trigrams of two texts that both have, 0 to 1 (Dice's coefficient)."""
    both = len(one) + len(other)
    return 2 * len(one & other) / both if both else 1.0


def grouped(items: Iterable[tuple[T, str]]) -> list[list[T]]:
    """Items by the likeness of their texts, the largest group first.

    Each item joins the group whose first text is most like its own, or begins one. An item
    without letters or digits is a group of its own.
    """
    parsed = [(item, trigrams(text)) for item, text in items]
    often = Counter(trigram for _item, own in parsed for trigram in own)
    groups: list[list[T]] = []
    firsts: list[Trigrams] = []
    having: defaultdict[str, list[int]] = defaultdict(list)
    for item, own in parsed:
        best, most = None, 0.0
        for number in sorted({n for trigram in _rarest(own, often) for n in having[trigram]}):
            alike = likeness(own, firsts[number])
            if alike >= ALIKE and alike > most:
                best, most = number, alike
        if best is not None:
            groups[best].append(item)
            continue
        for trigram in own:
            having[trigram].append(len(groups))
        groups.append([item])
        firsts.append(own)
    return sorted(groups, key=len, reverse=True)


def _rarest(own: Trigrams, often: Mapping[str, int]) -> list[str]:
    """The trigrams of which another text must have one to be ALIKE.

    Texts that are alike share at least ALIKE / (2 - ALIKE) of the trigrams of each, so the other
    can't miss all of these. The rarest lead to the fewest texts to compare.
    """
    may_miss = len(own) - len(own) * ALIKE / (2 - ALIKE)
    return sorted(own, key=lambda trigram: (often[trigram], trigram))[: floor(may_miss) + 1]
