"""The compared systems: this app's search, and plain engines with the same passages."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .corpus import Question

if TYPE_CHECKING:
    from sitechat.knowledge.searching import Found

Search = Callable[[Question], list[tuple[str, float]]]
"""Returns the found pages with scores, best first. A page may occur more than once."""


def sitechat(limit: int = 50) -> Search:
    def find(question: Question) -> list[tuple[str, float]]:
        return [(found.url, found.score) for found in passages_of(question, limit)]

    return find


def passages_of(question: Question, limit: int = 10) -> list[Found]:
    """Return the passages that this app finds for a question, best first."""
    from django.contrib.auth.models import AnonymousUser

    from sitechat.knowledge import search

    return search(question.text, user=AnonymousUser(), previous=question.previous, limit=limit)


def plain_fts5(passages: Sequence[tuple[str, str]]) -> Search:
    """Return a search with FTS5: Porter stemmer and BM25, the question's words joined by OR."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5 (text, tokenize = 'porter unicode61')")
    connection.executemany(
        "INSERT INTO t (rowid, text) VALUES (?, ?)",
        [(number, text) for number, (_, text) in enumerate(passages)],
    )

    def find(question: Question) -> list[tuple[str, float]]:
        match = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question.text))
        rows = connection.execute(
            "SELECT rowid, -rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT 50", [match]
        )
        return [(passages[number][0], score) for number, score in rows]

    return find


def tantivy(passages: Sequence[tuple[str, str]]) -> Search:
    """Return a search with tantivy: English stemmer and BM25, the words joined by OR."""
    import tantivy as library

    builder = library.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="en_stem")
    builder.add_integer_field("number", stored=True)
    index = library.Index(builder.build())
    writer = index.writer(50_000_000, 1)
    for number, (_, text) in enumerate(passages):
        writer.add_document(library.Document(text=text, number=number))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def find(question: Question) -> list[tuple[str, float]]:
        words = " ".join(re.findall(r"\w+", question.text.lower()))
        hits = searcher.search(index.parse_query(words, ["text"]), 50).hits
        return [(passages[searcher.doc(at)["number"][0]][0], score) for score, at in hits]

    return find


def bm25s(passages: Sequence[tuple[str, str]]) -> Search:
    """Return a search with bm25s, its English stop words and the Snowball stemmer."""
    import bm25s as library
    import snowballstemmer

    stem = snowballstemmer.stemmer("english").stemWords
    retriever = library.BM25()
    tokens = library.tokenize(
        [text for _, text in passages], stopwords="en", stemmer=stem, show_progress=False
    )
    retriever.index(tokens, show_progress=False)

    def find(question: Question) -> list[tuple[str, float]]:
        asked = library.tokenize([question.text], stopwords="en", stemmer=stem, show_progress=False)
        numbers, scores = retriever.retrieve(asked, k=50, show_progress=False)
        return [
            (passages[int(number)][0], float(score))
            for number, score in zip(numbers[0], scores[0], strict=True)
        ]

    return find


def postgresql(passages: Sequence[tuple[str, str]], dsn: str) -> Search:
    """Return a search with PostgreSQL's English text search and `ts_rank_cd`, joined by OR."""
    import psycopg

    connection = psycopg.connect(dsn, autocommit=True)
    connection.execute("CREATE TEMP TABLE passage (id int PRIMARY KEY, found tsvector)")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO passage VALUES (%s, to_tsvector('english', %s))",
            [(number, text) for number, (_, text) in enumerate(passages)],
        )
    connection.execute("CREATE INDEX ON passage USING gin (found)")

    def find(question: Question) -> list[tuple[str, float]]:
        rows = connection.execute(
            "SELECT id, ts_rank_cd(found, query, 1) AS score FROM passage,"
            " (SELECT replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery AS query) q"
            " WHERE found @@ query ORDER BY score DESC, id LIMIT 50",
            [question.text],
        )
        return [(passages[number][0], score) for number, score in rows]

    return find
