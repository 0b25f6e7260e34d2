"""The search index: one folder of files per stamp, derived from the passages.

`terms.sqlite3` is an FTS5 index over stems that are made here, in each page's own language; FTS5
ranks them, and splits at spaces only: for its tokenizer "ascii" all other characters are letters.
`vectors.npy` holds the passages' vectors, mapped into memory and so shared by the processes of a
host, and `vector_passages.npy` whose they are.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path

TERMS = "terms.sqlite3"
VECTORS = "vectors.npy"
VECTOR_PASSAGES = "vector_passages.npy"
FORMAT = 3
"""Counts up with every change of these files, so that a new release builds its own."""

_SCHEMA = """
CREATE TABLE page (
    id INTEGER PRIMARY KEY, stamp TEXT NOT NULL, url TEXT NOT NULL, language TEXT NOT NULL
);
CREATE INDEX page_url ON page (url);
CREATE TABLE audience (
    name TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (name, page)
) WITHOUT ROWID;
CREATE TABLE passage (id INTEGER PRIMARY KEY, passage INTEGER NOT NULL, page INTEGER NOT NULL);
CREATE INDEX passage_page ON passage (page);
CREATE TABLE term (term TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE word (word TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE terms USING fts5 (
    title, headings, body,
    content = '', tokenize = "ascii"
);
"""


@cache
def has_fts5() -> bool:
    """Whether this Python's SQLite can search text."""
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5 (a)")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def create(path: Path) -> sqlite3.Connection:
    """An empty index, in fast and unsafe mode: nobody reads it before it is complete."""
    connection = open_for_writing(path)
    connection.executescript(_SCHEMA)
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection to a file that never changes again, so no locks are needed."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA cache_size = -16000")
    connection.execute("PRAGMA mmap_size = 1073741824")
    return connection
