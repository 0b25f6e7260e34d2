"""Weights of pages: higher for titles that resemble the question, lower for long pages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.ranking_weights import PAGE_LENGTH, TITLE_LIKENESS
from sitechat.knowledge.searching.word_scores import Word

_BATCH = 500
"""Number of values in one query, below SQLite's limit for parameters."""


def title_weights(index: Index, words: Sequence[Word], pages: Iterable[int]) -> dict[int, float]:
    """Return a factor for the score of each page, higher for titles that resemble the question.

    The factor is 1 if title and question have no word in common, and about 1 + `TITLE_LIKENESS` if
    they are equal. Their similarity is a Dice coefficient in which rare words have more weight.
    Words that most passages contain, such as the site's name, have no weight.

    Args:
        index: The search index.
        words: The words of the question.
        pages: The primary keys of the pages.
    """
    titles = {page: title.split() for page, title in _column(index, "title", pages)}
    question_words = [{part for term in word for part in term.split()} for word in words]
    rarity = _rarities(index, set().union(*titles.values(), *question_words))
    question_terms = set().union(*question_words)
    total = sum(
        max((rarity.get(term, 0.0) for term in word), default=0.0) for word in question_words
    )
    weights: dict[int, float] = {}
    for page, title in titles.items():
        title_and_question = total + sum(rarity.get(term, 0.0) for term in title)
        shared = sum(rarity.get(term, 0.0) for term in title if term in question_terms)
        weights[page] = 1 + TITLE_LIKENESS * (
            2 * shared / title_and_question if title_and_question else 0.0
        )
    return weights


def length_weights(index: Index, pages: Iterable[int]) -> dict[int, float]:
    """Return a factor for the score of each page, which is lower if it has more passages."""
    return {
        page: 1 / (1 + PAGE_LENGTH * math.log1p(passages))
        for page, passages in _column(index, "passages", pages)
    }


def _rarities(index: Index, terms: Iterable[str]) -> dict[str, float]:
    """Return the inverse document frequency of terms, by term.

    The result is 0 for a term that more than half of the passages contain. Terms that are not in
    the index are left out. A term may have more passages than the total, because another thread may
    change the index.
    """
    total = index.metadata.passages + index.metadata.dead
    return {
        term: max(0.0, math.log((max(0, total - passages) + 0.5) / (passages + 0.5)))
        for term, passages in _rows(index, "SELECT term, passages FROM term WHERE term", terms)
    }


def _column(index: Index, column: str, pages: Iterable[int]) -> Iterator[tuple[int, Any]]:
    return _rows(index, f"SELECT id, {column} FROM page WHERE id", pages)  # noqa: S608


def _rows(index: Index, query: str, values: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    all_values = list(values)
    for at in range(0, len(all_values), _BATCH):
        batch = all_values[at : at + _BATCH]
        yield from index.terms.execute(f"{query} IN ({','.join('?' * len(batch))})", batch)
