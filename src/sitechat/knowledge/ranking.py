"""From a question to ranked passages: terms, BM25, typos, the previous turn, vectors, page vote."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import NamedTuple

from .index import Index
from .languages import base_language, guess_language, is_unspaced, stem, words
from .spelling import repair
from .stopwords import stop_words

logger = logging.getLogger("sitechat")

TITLE, HEADINGS, BODY = 3.0, 2.0, 1.0
"""How much a word counts in each field."""
PREVIOUS = 0.7
"""How much the previous turn counts, so that a follow-up knows what it follows."""
LEXICAL, VECTORS = 0.4, 0.6
VOTE = 0.25
"""Share of the sum of its page's best three that is added to a passage's score."""
OTHER_LANGUAGE = 0.8
"""What a page in another language than the question's is worth."""
CANDIDATES = 200
MOST_MATCHES = 20_000
"""Passages that a search may match: its time grows with them, not with the size of the site.

Words beyond it are the question's most frequent ones, and have the least weight.
"""
_MOST_WORDS = 60


class Ranked(NamedTuple):
    """A passage and its score; the best is 1 before the page vote."""

    passage: int
    page: int
    score: float


def rank(index: Index, query: str, previous: str, language: str, allowed: set[str]) -> list[Ranked]:
    """The passages that fit a question, best first, of the pages for the allowed audiences."""
    language = base_language(language)
    asked = guess_language(query, index.languages, language or _default(index))
    terms, query = _terms(index, query, asked)
    scores = _bm25(index, terms, allowed)
    if previous:
        spoken_before = guess_language(previous, index.languages, asked)
        earlier, previous = _terms(index, previous, spoken_before)
        earlier = {term: count for term, count in earlier.items() if term not in terms}
        for passage, (page, score) in _bm25(index, earlier, allowed).items():
            _, own = scores.get(passage, (page, 0.0))
            scores[passage] = (page, own + PREVIOUS * score)
    pages = {passage: page for passage, (page, _) in scores.items()}
    merged = _normalised({passage: score for passage, (_, score) in scores.items()})
    if index.vectors is not None:
        near = _nearest(index, query, previous, allowed)
        if near is not None:
            similar = _spread({passage: score for passage, (_, score) in near.items()})
            pages.update((passage, page) for passage, (page, _) in near.items())
            merged = {
                passage: LEXICAL * merged.get(passage, 0.0) + VECTORS * similar.get(passage, 0.0)
                for passage in pages
            }
    if len(index.languages) > 1:
        spoken = _languages_of(index, set(pages.values()))
        for passage, page in pages.items():
            if spoken[page] != asked:
                merged[passage] *= OTHER_LANGUAGE
    return _voted(merged, pages)


def _default(index: Index) -> str:
    return index.languages[0] if index.languages else "en"


def _terms(index: Index, text: str, language: str) -> tuple[dict[str, int], str]:
    """What to look for, and the text with its spelling mended.

    Terms are stems in each of the index's languages, with the number of passages that have them.
    """
    stopped = stop_words(language)
    found = dict.fromkeys(words(text))
    kept = [word for word in found if word not in stopped][:_MOST_WORDS]
    kept = kept or list(found)[:_MOST_WORDS]
    terms: dict[str, int] = {}
    for word in kept:
        stems = _known(index, word)
        if not stems and not is_unspaced(word):
            better = repair(word, index.words_by_length)
            if better:
                stems = _known(index, better)
                text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", better, text, flags=re.IGNORECASE)
        terms.update(stems)
    return terms, text


def _known(index: Index, word: str) -> dict[str, int]:
    if is_unspaced(word) and len(word) == 1:  # stored as pairs: any pair that begins with it
        return {f"{word}*": 0}
    stems = {stem(word, language): None for language in index.languages}
    marks = ",".join("?" * len(stems))
    rows = index.terms.execute(
        f"SELECT term, passages FROM term WHERE term IN ({marks})",  # noqa: S608
        list(stems),
    )
    return dict(rows.fetchall())


def _bm25(
    index: Index, terms: Mapping[str, int], allowed: set[str]
) -> dict[int, tuple[int, float]]:
    """The best passages by FTS5's BM25, with their pages."""
    if not terms:
        return {}
    matches = 0
    sought: list[str] = []
    for term, count in sorted(terms.items(), key=lambda item: item[1]):
        matches += count
        if sought and matches > MOST_MATCHES:
            break
        sought.append(f'"{term[:-1]}" *' if term.endswith("*") else f'"{term}"')
    match = " OR ".join(sought)
    restriction, names = _restriction(index, allowed, "passage.page")
    rows = index.terms.execute(
        "SELECT passage.passage, passage.page, -bm25(terms, ?, ?, ?) AS score FROM terms"  # noqa: S608
        " JOIN passage ON passage.id = terms.rowid"
        f" WHERE terms MATCH ? {restriction} ORDER BY score DESC LIMIT ?",
        [TITLE, HEADINGS, BODY, match, *names, CANDIDATES],
    )
    return {passage: (page, score) for passage, page, score in rows}


def _restriction(index: Index, allowed: set[str], column: str) -> tuple[str, list[str]]:
    if index.audiences <= allowed:
        return "", []
    marks = ",".join("?" * len(allowed))
    where = f"AND {column} IN (SELECT page FROM audience WHERE name IN ({marks}))"  # noqa: S608
    return where, sorted(allowed)


def _nearest(
    index: Index, query: str, previous: str, allowed: set[str]
) -> dict[int, tuple[int, float]] | None:
    """The passages whose vectors are nearest; None where the embedder fails: words alone then."""
    import numpy as np

    from .embeddings import embed

    if index.vectors is None:
        return None
    matrix, whose = index.vectors
    try:
        vectors = embed([query, f"{previous}\n{query}"] if previous else [query])
        if vectors.shape[1] != matrix.shape[1]:
            raise ValueError(
                f"CHAT_EMBEDDER gives {vectors.shape[1]} dimensions, the index has "
                f"{matrix.shape[1]}: run chat_index"
            )
    except Exception:  # the callable is the site's
        logger.exception("CHAT_EMBEDDER failed; searching by words alone")
        return None
    similar = matrix @ vectors[0]
    if previous:
        similar = (similar + PREVIOUS * (matrix @ vectors[1])) / (1 + PREVIOUS)
    restriction, names = _restriction(index, allowed, "id")
    if restriction:
        rows = index.terms.execute(f"SELECT id FROM page WHERE 1 {restriction}", names)  # noqa: S608
        may = np.fromiter((page for (page,) in rows), dtype=np.int64)
        similar = np.where(np.isin(whose[:, 1], may), similar, -np.inf)
    count = min(CANDIDATES, len(similar))
    best = np.argpartition(-similar, count - 1)[:count] if count else np.arange(0)
    return {
        int(whose[at, 0]): (int(whose[at, 1]), float(similar[at]))
        for at in best
        if np.isfinite(similar[at])
    }


def _normalised(scores: Mapping[int, float]) -> dict[int, float]:
    best = max(scores.values(), default=0.0)
    return {key: score / best if best > 0 else 0.0 for key, score in scores.items()}


def _spread(scores: Mapping[int, float]) -> dict[int, float]:
    """Similarities lie close together: the worst candidate's is 0, the best one's 1."""
    lowest, highest = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {key: (score - lowest) / ((highest - lowest) or 1.0) for key, score in scores.items()}


def _languages_of(index: Index, pages: set[int]) -> dict[int, str]:
    rows = index.terms.execute(
        f"SELECT id, language FROM page WHERE id IN ({','.join('?' * len(pages))})",  # noqa: S608
        list(pages),
    )
    return dict(rows.fetchall())


def _voted(scores: Mapping[int, float], pages: Mapping[int, int]) -> list[Ranked]:
    by_page: dict[int, list[float]] = {}
    for passage, score in scores.items():
        by_page.setdefault(pages[passage], []).append(score)
    votes = {page: VOTE * sum(sorted(own)[-3:]) for page, own in by_page.items()}
    ranked = (
        Ranked(passage, pages[passage], score + votes[pages[passage]])
        for passage, score in scores.items()
    )
    return sorted(ranked, key=lambda one: (-one.score, one.passage))
