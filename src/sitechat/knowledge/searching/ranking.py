"""Ranking of passages for a question, by their words, vectors and pages.

A word of the question is searched for as its terms: its stems in the languages of the index.

`rank` scores the passages with these terms and those with similar vectors. It keeps one translation
of each page. Then it weighs the scores by the language, the kind and the length of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from sitechat.knowledge.index import Index, embeddings
from sitechat.knowledge.searching import (
    foreign_questions,
    listing_pages,
    page_translations,
    page_weights,
)
from sitechat.knowledge.searching.guess_budget import GuessBudget
from sitechat.knowledge.searching.joined_words import (
    compound_parts,
    joined_terms,
    spaced_phrases,
)
from sitechat.knowledge.searching.ranking_weights import (
    LISTING,
    OTHER_LANGUAGE,
    PREVIOUS,
    VOTE,
    vector_weight,
)
from sitechat.knowledge.searching.search_scope import Scope
from sitechat.knowledge.searching.spelling import correct_spelling
from sitechat.knowledge.searching.vector_scores import nearest_passages, passages_without_vector
from sitechat.knowledge.searching.word_scores import Word, best_matches, count_matches
from sitechat.knowledge.text.language_guessing import guess_language
from sitechat.knowledge.text.search_terms import (
    alternative_spellings,
    base_language,
    is_unspaced,
    normalised,
    normalised_locale,
    plain_words,
    stem,
)
from sitechat.knowledge.text.stopwords import stop_words

_MAX_WORDS = 60
"""Maximum number of words of a text, and of its alternative spellings, that are searched for."""
_MIN_GUESSED_LENGTH = 6
"""If the question has alternative spellings, shorter unknown words are not guessed."""


class Ranked(NamedTuple):
    """The primary keys of a passage and its page, and the passage's score.

    Scores of different searches can't be compared.
    """

    passage: int
    page: int
    score: float


def rank(index: Index, query: str, previous: str, language: str, scope: Scope) -> list[Ranked]:
    """Return the passages that match a question, best first.

    Args:
        index: The search index.
        query: The question.
        previous: The visitor's previous message, or "".
        language: The language of the visitor's page, such as "pt-br", or "".
        scope: The pages that may be found.

    Raises:
        sqlite3.DatabaseError, Damaged: The index can't be read.
    """
    locale, language = normalised_locale(language), base_language(language)
    site_language = guess_language(query, index.languages, language or _default(index))
    budget = GuessBudget(partial(_terms_of, index), partial(_count_phrase, index))
    words, query = _search_words(index, query, site_language, language, budget)
    matches = _matches(index, words, scope)
    if previous:
        previous_language = guess_language(previous, index.languages, site_language)
        earlier, previous = _search_words(index, previous, previous_language, language, budget)
        _add_earlier(matches, _matches(index, _without(earlier, words), scope))
    pages = {passage: page for passage, (page, _) in matches.items()}
    scores = _normalised({passage: score for passage, (_, score) in matches.items()})
    question_language = (
        foreign_questions.foreign_language(query, index, site_language, language) or site_language
    )
    if index.vectors is not None and embeddings.supports(question_language):
        nearest = nearest_passages(index, query, previous, scope, sorted(matches))
        if nearest is not None:
            new = passages_without_vector(index, scores)
            scores, pages = _with_meaning(scores, pages, nearest, new)
    scores, pages = page_translations.in_one_language(
        index, scores, pages, [site_language, locale], scope
    )
    return _voted(_weighted(index, scores, pages, query, site_language), pages)


def _without(words: Sequence[Word], others: Sequence[Word]) -> list[Word]:
    """Return the words without the terms that other words have, too."""
    terms = {term for word in others for term in word}
    return [{term: count for term, count in word.items() if term not in terms} for word in words]


def _add_earlier(
    matches: dict[int, tuple[int, float]], earlier: Mapping[int, tuple[int, float]]
) -> None:
    """Add the matches of the previous message to `matches` in place, with less weight."""
    for passage, (page, score) in earlier.items():
        _, own = matches.get(passage, (page, 0.0))
        matches[passage] = (page, own + PREVIOUS * score)


def _with_meaning(
    scores: Mapping[int, float],
    pages: Mapping[int, int],
    nearest: Mapping[int, tuple[int, float]],
    without_vector: Iterable[int],
) -> tuple[dict[int, float], dict[int, int]]:
    """Combine the scores by words with the scores by vectors; return all scores and pages.

    A passage without a vector keeps its score by words. Otherwise a page that was just published
    would rank below all pages whose meaning is only similar.
    """
    similar = _spread({passage: score for passage, (_, score) in nearest.items()})
    similar.update({passage: scores[passage] for passage in without_vector})
    all_pages = {**pages, **{passage: page for passage, (page, _) in nearest.items()}}
    weight = vector_weight()
    combined = {
        passage: (1 - weight) * scores.get(passage, 0.0) + weight * similar.get(passage, 0.0)
        for passage in all_pages
    }
    return combined, all_pages


def _weighted(
    index: Index,
    scores: Mapping[int, float],
    pages: Mapping[int, int],
    query: str,
    site_language: str,
) -> dict[int, float]:
    """Return the scores, lowered for other languages, for listings and for long pages."""
    weighted = dict(scores)
    numbers = set(pages.values())
    if len(index.languages) > 1:
        languages = page_translations.languages_of(index, numbers)
        for passage, page in pages.items():
            if languages.get(page, site_language) != site_language:
                weighted[passage] *= OTHER_LANGUAGE
    listings = listing_pages.listings_among(index, numbers, query)
    for passage, page in pages.items():
        if page in listings:
            weighted[passage] *= LISTING
    lengths = page_weights.length_weights(index, numbers)
    return {
        passage: score * lengths.get(pages[passage], 1.0) for passage, score in weighted.items()
    }


def _matches(index: Index, words: Sequence[Word], scope: Scope) -> dict[int, tuple[int, float]]:
    """Return the passages that match words best, with their pages and scores."""
    found = best_matches(index, words, scope)
    titles = page_weights.title_weights(index, words, {page for page, _ in found.values()})
    return {
        passage: (page, score * titles.get(page, 1.0)) for passage, (page, score) in found.items()
    }


def _default(index: Index) -> str:
    """Return the most frequent language of the pages; "en" if there are no pages."""
    return index.languages[0] if index.languages else "en"


def _search_words(
    index: Index, text: str, language: str, visitor_language: str, budget: GuessBudget
) -> tuple[list[Word], str]:
    """Return the words to search for, and the text with corrected spelling.

    The terms of a word are its stems in each of the index's languages, with the number of passages
    that contain each of them. A word without terms stays in the list.

    Args:
        index: The search index.
        text: The question or the previous message.
        language: The most likely language of the text among those of the index.
        visitor_language: The language of the visitor's page.
        budget: The limit for unknown words.
    """
    foreign = foreign_questions.foreign_language(text, index, language, visitor_language)
    ignored = stop_words(foreign or language)
    normal = normalised(text)
    in_order = list(plain_words(normal))
    distinct = list(dict.fromkeys(in_order))
    kept = [word for word in distinct if word not in ignored] or distinct
    terms_of = partial(_terms_of, index)
    spellings = map(terms_of, list(dict.fromkeys(alternative_spellings(normal)))[:_MAX_WORDS])
    words: list[Word] = [terms for terms in spellings if terms]
    has_spellings = bool(words)
    if not foreign:
        words += joined_terms(in_order[:_MAX_WORDS], ignored, terms_of)
    for word in kept[:_MAX_WORDS]:
        terms = terms_of(word)
        if foreign:
            for site_word in foreign_questions.site_words(word, foreign, index, budget):
                terms.update(terms_of(site_word))
        elif (
            not terms
            and not is_unspaced(word)
            and not (has_spellings and len(word) < _MIN_GUESSED_LENGTH)
            and budget.spend_word(word)
        ):
            guessed, correction = _guess_unknown(index, word, budget)
            words += guessed
            if correction:
                pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
                text = re.sub(pattern, correction, text, flags=re.IGNORECASE)
        words.append(terms)
    return words, text


def _guess_unknown(index: Index, word: str, budget: GuessBudget) -> tuple[list[Word], str]:
    """Return the words of the site that an unknown word may mean, and its corrected spelling or "".

    Three guesses are tried in this order: two words that the site writes separately, a word with
    similar spelling, the parts of a compound. The first guess that the site contains is returned.
    The list is empty if the site contains none of them.
    """
    phrases = spaced_phrases(word, budget.terms_of, budget.count)
    if phrases:
        return [phrases], ""
    correction = correct_spelling(
        word, index.vocabulary.by_length, lambda candidate: bool(_terms_of(index, candidate))
    )
    if correction is not None:
        return [_terms_of(index, correction)], correction
    return [*compound_parts(word, budget.terms_of)], ""


def _terms_of(index: Index, word: str) -> dict[str, int]:
    """Return the terms of a word in the index, with the number of passages of each.

    Terms that only removed passages contain are left out. For a single character of an unspaced
    script, the result is a prefix such as "東*", with the sum of the numbers of its terms.
    """
    if is_unspaced(word) and len(word) == 1:  # the index has pairs of characters
        first, after = word, word + "\U0010ffff"
        total = index.terms.execute(
            "SELECT coalesce(sum(passages), 0) FROM term WHERE term >= ? AND term < ?",
            [first, after],
        )
        return {f"{word}*": total.fetchone()[0]}
    stems = {stem(word, language): None for language in index.languages}
    marks = ",".join("?" * len(stems))
    rows = index.terms.execute(
        f"SELECT term, passages FROM term WHERE term IN ({marks})",  # noqa: S608
        list(stems),
    )
    known = dict(rows.fetchall())
    return {term: count for term, count in known.items() if index.contains(term)}


def _count_phrase(index: Index, phrase: str) -> int:
    return count_matches(index, f'"{phrase}"') if index.contains(phrase) else 0


def _normalised(scores: Mapping[int, float]) -> dict[int, float]:
    """Scale scores so that the best one is 1; all are 0 if the best one is not positive."""
    best = max(scores.values(), default=0.0)
    return {key: score / best if best > 0 else 0.0 for key, score in scores.items()}


def _spread(scores: Mapping[int, float]) -> dict[int, float]:
    """Scale similarities, which are close together, from 0 (worst) to 1 (best)."""
    lowest, highest = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {key: (score - lowest) / ((highest - lowest) or 1.0) for key, score in scores.items()}


def _voted(scores: Mapping[int, float], pages: Mapping[int, int]) -> list[Ranked]:
    """Add a share of a page's three best scores to each of its passages; return the best first."""
    by_page: dict[int, list[float]] = {}
    for passage, score in scores.items():
        by_page.setdefault(pages[passage], []).append(score)
    votes = {page: VOTE * sum(sorted(own)[-3:]) for page, own in by_page.items()}
    ranked = (
        Ranked(passage, pages[passage], score + votes[pages[passage]])
        for passage, score in scores.items()
    )
    return sorted(ranked, key=lambda each: (-each.score, each.passage))
