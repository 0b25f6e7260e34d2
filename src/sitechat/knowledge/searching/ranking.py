"""Ranking of passages for a question by words, vectors, the previous turn and their pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from sitechat.knowledge.index import Index, embeddings
from sitechat.knowledge.index.question_vectors import embed_questions
from sitechat.knowledge.searching import (
    foreign_questions,
    listing_pages,
    page_translations,
    page_weights,
)
from sitechat.knowledge.searching.guess_limit import Guesses
from sitechat.knowledge.searching.joined_words import joined, separated, spaced
from sitechat.knowledge.searching.ranking_weights import (
    LISTING,
    OTHER_LANGUAGE,
    PREVIOUS,
    VOTE,
    weight_of_meaning,
)
from sitechat.knowledge.searching.search_scope import Scope
from sitechat.knowledge.searching.spelling import repair
from sitechat.knowledge.searching.word_scores import CANDIDATES, Word, best_matches, count_matches
from sitechat.knowledge.text.language_guessing import guess_language
from sitechat.knowledge.text.search_terms import (
    base_language,
    compounds,
    is_unspaced,
    normalised,
    plain_words,
    stem,
)
from sitechat.knowledge.text.stopwords import stop_words

MAX_SCANNED = 200_000_000
"""Maximum bytes of vectors that are compared with a question. If an index has more, only passages
with words of the question are compared."""
_MAX_WORDS = 60


class Ranked(NamedTuple):
    """A passage, its page and its score, by which only passages of one search can be compared."""

    passage: int
    page: int
    score: float


def rank(index: Index, query: str, previous: str, language: str, scope: Scope) -> list[Ranked]:
    """Return the passages in a scope that match a question, best first."""
    language = base_language(language)
    asked = guess_language(query, index.languages, language or _default(index))
    guesses = Guesses(partial(_known, index), partial(_count_phrase, index))
    words, query = _words(index, query, asked, language, guesses)
    scores = _matches(index, words, scope)
    if previous:
        spoken_before = guess_language(previous, index.languages, asked)
        earlier, previous = _words(index, previous, spoken_before, language, guesses)
        known = {term for word in words for term in word}
        earlier = [
            {term: count for term, count in word.items() if term not in known} for word in earlier
        ]
        for passage, (page, score) in _matches(index, earlier, scope).items():
            _, own = scores.get(passage, (page, 0.0))
            scores[passage] = (page, own + PREVIOUS * score)
    pages = {passage: page for passage, (page, _) in scores.items()}
    merged = _normalised({passage: score for passage, (_, score) in scores.items()})
    spoken = foreign_questions.language_of(query, index, asked, language) or asked
    if index.vectors is not None and embeddings.knows(spoken):
        near = _nearest(index, query, previous, scope, sorted(scores))
        if near is not None:
            similar = _spread({passage: score for passage, (_, score) in near.items()})
            pages.update((passage, page) for passage, (page, _) in near.items())
            weight = weight_of_meaning()
            merged = {
                passage: (1 - weight) * merged.get(passage, 0.0)
                + weight * similar.get(passage, 0.0)
                for passage in pages
            }
    if len(index.languages) > 1:
        merged, pages = page_translations.in_one_language(index, merged, pages, [asked, language])
        languages = page_translations.languages_of(index, set(pages.values()))
        for passage, page in pages.items():
            if languages[page] != asked:
                merged[passage] *= OTHER_LANGUAGE
    listed = listing_pages.listings_among(index, set(pages.values()), query)
    for passage, page in pages.items():
        if page in listed:
            merged[passage] *= LISTING
    lengths = page_weights.length_weights(index, set(pages.values()))
    merged = {
        passage: score * lengths.get(pages[passage], 1.0) for passage, score in merged.items()
    }
    return _voted(merged, pages)


def _matches(index: Index, words: Sequence[Word], scope: Scope) -> dict[int, tuple[int, float]]:
    """Return the passages that match words best, with their pages and scores."""
    found = best_matches(index, words, scope)
    titles = page_weights.title_weights(index, words, {page for page, _ in found.values()})
    return {
        passage: (page, score * titles.get(page, 1.0)) for passage, (page, score) in found.items()
    }


def _default(index: Index) -> str:
    return index.languages[0] if index.languages else "en"


def _words(
    index: Index, text: str, language: str, visitor: str, guesses: Guesses
) -> tuple[list[Word], str]:
    """Return the words to search for, and the text with corrected spelling.

    Terms are stems in each of the index's languages, with the number of passages that contain them.
    """
    spoken = foreign_questions.language_of(text, index, language, visitor)
    stopped = stop_words(spoken or language)
    written = normalised(text)
    in_order = list(plain_words(written))
    found = dict.fromkeys(in_order)
    kept = [word for word in found if word not in stopped][:_MAX_WORDS]
    kept = kept or list(found)[:_MAX_WORDS]
    known = partial(_known, index)
    spellings = map(known, list(dict.fromkeys(compounds(written)))[:_MAX_WORDS])
    terms: list[Word] = [stems for stems in spellings if stems]
    has_compound = bool(terms)
    if not spoken:
        terms += joined(in_order[:_MAX_WORDS], stopped, known)
    for word in kept:
        stems = known(word)
        if spoken:
            for counterpart in foreign_questions.words_of_site(word, spoken, index, guesses):
                stems.update(known(counterpart))
        elif (
            not stems
            and not is_unspaced(word)
            and not (has_compound and len(word) < 6)
            and guesses.may_try(word)
        ):
            stems = spaced(word, guesses.known, guesses.count)
            vocabulary = index.vocabulary.by_length
            better = None if stems else repair(word, vocabulary, lambda near: bool(known(near)))
            if not stems and better is None:
                terms += separated(word, guesses.known)
            elif better is not None:
                stems = known(better)
                text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", better, text, flags=re.IGNORECASE)
        terms.append(stems)
    return terms, text


def _known(index: Index, word: str) -> dict[str, int]:
    if is_unspaced(word) and len(word) == 1:  # search for pairs of characters that start with it
        first, after = word, word + "\U0010ffff"
        found = index.terms.execute(
            "SELECT coalesce(sum(passages), 0) FROM term WHERE term >= ? AND term < ?",
            [first, after],
        )
        return {f"{word}*": found.fetchone()[0]}
    stems = {stem(word, language): None for language in index.languages}
    marks = ",".join("?" * len(stems))
    rows = index.terms.execute(
        f"SELECT term, passages FROM term WHERE term IN ({marks})",  # noqa: S608
        list(stems),
    )
    known = dict(rows.fetchall())
    return {term: count for term, count in known.items() if index.holds(term)}


def _count_phrase(index: Index, phrase: str) -> int:
    return count_matches(index, f'"{phrase}"') if index.holds(phrase) else 0


def _nearest(
    index: Index, query: str, previous: str, scope: Scope, matching: Sequence[int]
) -> dict[int, tuple[int, float]] | None:
    """Return the passages with the nearest vectors, with their pages and cosines.

    Args:
        index: The search index.
        query: The question.
        previous: The visitor's previous message, or "".
        scope: The pages that may be found.
        matching: The passages with words of the question, to which a very large index is limited.

    Returns:
        Pages and cosines by passage; None if the index has no vectors or the embedder fails.
    """
    import numpy as np

    if index.vectors is None:
        return None
    matrix, whose = index.vectors
    texts = [query, f"{previous}\n{query}"] if previous else [query]
    vectors = embed_questions(texts, matrix.shape[1])
    if vectors is None:
        return None
    if matrix.nbytes > MAX_SCANNED:
        rows = np.flatnonzero(np.isin(whose[:, 0], matching))
        matrix, whose = matrix[rows], whose[rows]
    similar = matrix @ vectors[0]
    if previous:
        similar = (similar + PREVIOUS * (matrix @ vectors[1])) / (1 + PREVIOUS)
    allowed = whose[:, 0] > 0
    restriction, names = scope.restriction(index, "page.id")
    if restriction:
        found = index.terms.execute(f"SELECT id FROM page WHERE 1 {restriction}", names)  # noqa: S608
        allowed &= np.isin(whose[:, 1], np.fromiter((page for (page,) in found), dtype=np.int64))
    similar = np.where(allowed, similar, -np.inf)
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
    """Scale similarities, which are close together, from 0 (worst) to 1 (best)."""
    lowest, highest = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {key: (score - lowest) / ((highest - lowest) or 1.0) for key, score in scores.items()}


def _voted(scores: Mapping[int, float], pages: Mapping[int, int]) -> list[Ranked]:
    """Add the vote of each page to the scores of its passages, and return the best first."""
    by_page: dict[int, list[float]] = {}
    for passage, score in scores.items():
        by_page.setdefault(pages[passage], []).append(score)
    votes = {page: VOTE * sum(sorted(own)[-3:]) for page, own in by_page.items()}
    ranked = (
        Ranked(passage, pages[passage], score + votes[pages[passage]])
        for passage, score in scores.items()
    )
    return sorted(ranked, key=lambda each: (-each.score, each.passage))
