"""Search for passages with the words of a question, by FTS5's BM25 with a limit on matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.ranking_weights import BODY, HEADINGS, TITLE
from sitechat.knowledge.searching.search_scope import Scope

CANDIDATES = 200
MAX_MATCHES = 20_000
"""Maximum number of passages that a search ranks, which bounds its time on large sites.

If a search would exceed it, the most frequent words are left out. They have the least weight.
"""
_MAX_JOINED = 4
"""Maximum number of words that a passage must contain if each word alone matches too many."""
FEWEST_JOINED = 50
"""Minimum number of passages that contain all required words. A word is not required if fewer
passages would remain."""

Word = Mapping[str, int]
"""The terms for a word of a question, with the number of passages that contain each.

A term that ends with "*" is a prefix.
"""


def best_matches(index: Index, words: Sequence[Word], scope: Scope) -> dict[int, tuple[int, float]]:
    """Return the passages that match the words best, with their pages and scores."""
    match, last = _expression(index, words)
    if not match:
        return {}
    restriction, values = scope.restriction(index, "passage.page")
    if last:
        restriction += " AND terms.rowid <= ?"
        values.append(last)
    rows = index.terms.execute(
        "SELECT passage.passage, passage.page, -bm25(terms, ?, ?, ?) AS score FROM terms"  # noqa: S608
        " JOIN passage ON passage.id = terms.rowid"
        f" WHERE terms MATCH ? {restriction} ORDER BY score DESC LIMIT ?",
        [TITLE, HEADINGS, BODY, match, *values, CANDIDATES],
    )
    return {passage: (page, score) for passage, page, score in rows}


def _expression(index: Index, words: Sequence[Word]) -> tuple[str, int]:
    """Return the expression for FTS5, and the last row to search; 0 for all rows."""
    counts = {term: count for word in words for term, count in word.items()}
    matches = 0
    sought: list[str] = []
    for term, count in sorted(counts.items(), key=lambda item: item[1]):
        matches += count
        if matches > MAX_MATCHES:
            break
        sought.append(_quoted(term))
    if sought or not counts:
        return " OR ".join(sought), 0
    return _narrowed(index, words)


def _narrowed(index: Index, words: Sequence[Word]) -> tuple[str, int]:
    """Return an expression that requires several words, because each matches too many passages.

    If their passages are still too many, the words must be in titles or headings.
    """
    rarest = sorted((word for word in words if word), key=lambda word: sum(word.values()))
    match, count = "", 0
    for word in rarest[:_MAX_JOINED]:
        either = f"({' OR '.join(map(_quoted, word))})"
        both = f"{match} AND {either}" if match else either
        found = count_matches(index, both)
        if not match or found >= FEWEST_JOINED:
            match, count = both, found
        if count <= MAX_MATCHES:
            return match, 0
    above = f"{{title headings}} : ({match})"
    found = count_matches(index, above)
    if found:
        match, count = above, found
    if count <= MAX_MATCHES:
        return match, 0
    total = index.facts.passages + index.facts.dead
    return match, max(total * MAX_MATCHES // count, 1)


def count_matches(index: Index, match: str) -> int:
    """Return the number of matches, which is a hundred times faster than ranking them."""
    query = "SELECT count(*) FROM terms WHERE terms MATCH ?"
    return int(index.terms.execute(query, [match]).fetchone()[0])


def _quoted(term: str) -> str:
    return f'"{term[:-1]}" *' if term.endswith("*") else f'"{term}"'
