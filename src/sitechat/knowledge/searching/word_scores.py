"""Search for passages with the words of a question, ranked by FTS5's BM25."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.ranking_weights import BODY, HEADINGS, TITLE
from sitechat.knowledge.searching.search_scope import Scope

CANDIDATES = 200
"""Maximum number of passages that a search by words or by vectors returns."""
MAX_MATCHES = 20_000
"""Maximum number of passages that BM25 ranks, so that a search is fast on large sites.

If more passages match, the most frequent words are left out, because they have the least weight.
"""
_MAX_REQUIRED_WORDS = 4
"""Maximum number of words that are required if each word alone matches too many passages."""
MIN_PASSAGES = 50
"""Minimum number of passages that contain all required words. If fewer would remain, a word is
not required."""

Word = Mapping[str, int]
"""The terms for a word of a question, with the number of passages that contain each.

A term that ends with "*" is a prefix.
"""


def best_matches(index: Index, words: Sequence[Word], scope: Scope) -> dict[int, tuple[int, float]]:
    """Return the pages and the scores of the passages that match the words best, by passage."""
    match, last_row = _match_expression(index, words)
    if not match:
        return {}
    restriction, values = scope.restriction(index, "passage.page")
    if last_row:
        restriction += " AND terms.rowid <= ?"
        values.append(last_row)
    rows = index.terms.execute(
        "SELECT passage.passage, passage.page, -bm25(terms, ?, ?, ?) AS score FROM terms"  # noqa: S608
        " JOIN passage ON passage.id = terms.rowid"
        f" WHERE terms MATCH ? {restriction} ORDER BY score DESC LIMIT ?",
        [TITLE, HEADINGS, BODY, match, *values, CANDIDATES],
    )
    return {passage: (page, score) for passage, page, score in rows}


def _match_expression(index: Index, words: Sequence[Word]) -> tuple[str, int]:
    """Return an expression for FTS5, and the last row to search.

    The expression is "" if the words have no terms. The row is 0 if all rows are searched.
    """
    counts = {term: count for word in words for term, count in word.items()}
    matches = 0
    terms: list[str] = []
    for term, count in sorted(counts.items(), key=lambda item: item[1]):
        matches += count
        if matches > MAX_MATCHES:
            break
        terms.append(_quoted(term))
    if terms or not counts:
        return " OR ".join(terms), 0
    return _narrow_expression(index, words)


def _narrow_expression(index: Index, words: Sequence[Word]) -> tuple[str, int]:
    """Return an expression that requires several words, because each matches too many passages.

    If too many passages contain all these words, the words must be in titles or headings. If there
    are still too many such passages, only the first rows of the index are searched.
    """
    rarest = sorted((word for word in words if word), key=lambda word: sum(word.values()))
    match, count = "", 0
    for word in rarest[:_MAX_REQUIRED_WORDS]:
        any_term = f"({' OR '.join(map(_quoted, word))})"
        combined = f"{match} AND {any_term}" if match else any_term
        passages = count_matches(index, combined)
        if not match or passages >= MIN_PASSAGES:
            match, count = combined, passages
        if count <= MAX_MATCHES:
            return match, 0
    in_headings = f"{{title headings}} : ({match})"
    passages = count_matches(index, in_headings)
    if passages:
        match, count = in_headings, passages
    if count <= MAX_MATCHES:
        return match, 0
    total = index.metadata.passages + index.metadata.dead
    return match, max(total * MAX_MATCHES // count, 1)


def count_matches(index: Index, match: str) -> int:
    """Return the number of matching passages. Counting is a hundred times faster than ranking."""
    query = "SELECT count(*) FROM terms WHERE terms MATCH ?"
    return int(index.terms.execute(query, [match]).fetchone()[0])


def _quoted(term: str) -> str:
    return f'"{term[:-1]}" *' if term.endswith("*") else f'"{term}"'
