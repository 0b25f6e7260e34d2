"""Weights of pages: higher if their title is like the question, lower if they are long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.ranking_weights import PAGE_LENGTH, TITLE_LIKENESS
from sitechat.knowledge.searching.word_scores import Word

_AT_ONCE = 500


def title_weights(index: Index, words: Sequence[Word], pages: Iterable[int]) -> dict[int, float]:
    """Return a factor for the score of each page by the words that its title and a question share.

    The share is a Dice coefficient in which rare words count more. Titles of one frequent word and
    titles of many words therefore get little weight. Words that most passages contain, such as the
    site's name, do not count.

    Args:
        index: The search index.
        words: The words of the question.
        pages: The numbers of the pages.
    """
    titles = {page: title.split() for page, title in _column(index, "title", pages)}
    asked = [{part for term in word for part in term.split()} for word in words]
    rarity = _rarities(index, set().union(*titles.values(), *asked))
    known = set().union(*asked)
    total = sum(max((rarity.get(term, 0.0) for term in word), default=0.0) for word in asked)
    weights: dict[int, float] = {}
    for page, title in titles.items():
        both = total + sum(rarity.get(term, 0.0) for term in title)
        shared = sum(rarity.get(term, 0.0) for term in title if term in known)
        weights[page] = 1 + TITLE_LIKENESS * (2 * shared / both if both else 0.0)
    return weights


def length_weights(index: Index, pages: Iterable[int]) -> dict[int, float]:
    """Return a factor for the score of each page by its number of passages."""
    return {
        page: 1 / (1 + PAGE_LENGTH * math.log1p(passages))
        for page, passages in _column(index, "passages", pages)
    }


def _rarities(index: Index, terms: Iterable[str]) -> dict[str, float]:
    """Return the inverse document frequency of terms; 0 for those in most passages.

    While another thread changes the index, a term may have more passages than the known total.
    """
    total = index.facts.passages + index.facts.dead
    return {
        term: max(0.0, math.log((max(0, total - passages) + 0.5) / (passages + 0.5)))
        for term, passages in _rows(index, "SELECT term, passages FROM term WHERE term", terms)
    }


def _column(index: Index, column: str, pages: Iterable[int]) -> Iterator[tuple[int, Any]]:
    return _rows(index, f"SELECT id, {column} FROM page WHERE id", pages)  # noqa: S608


def _rows(index: Index, query: str, values: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    found = list(values)
    for at in range(0, len(found), _AT_ONCE):
        some = found[at : at + _AT_ONCE]
        yield from index.terms.execute(f"{query} IN ({','.join('?' * len(some))})", some)
