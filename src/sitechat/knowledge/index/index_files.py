"""The files of a machine's search index.

`building` writes the files, and `open_index` reads them.

`terms.sqlite3` is an FTS5 index of stems. This package computes the stems in the language of each
page and joins them with spaces. FTS5 splits them at these spaces: its tokenizer "ascii" treats all
non-ASCII characters as letters. The file is in WAL mode, so that one process can update it while
others search it. The vectors of passages are in two other files: see `vector_files`.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path

TERMS = "terms.sqlite3"
FORMAT = 8
"""The version of the format. Increment it with every change of the format, so that indexes are
rebuilt."""

_SCHEMA = """
CREATE TABLE page (
    id INTEGER PRIMARY KEY, stamp TEXT NOT NULL, url TEXT NOT NULL, language TEXT NOT NULL,
    locale TEXT NOT NULL, source TEXT NOT NULL, translations TEXT NOT NULL, title TEXT NOT NULL,
    passages INTEGER NOT NULL
);
CREATE INDEX page_translations ON page (translations);
CREATE INDEX page_language ON page (language);
CREATE TABLE audience (
    name TEXT NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (name, page)
) WITHOUT ROWID;
CREATE TABLE passage (id INTEGER PRIMARY KEY, passage INTEGER NOT NULL, page INTEGER NOT NULL);
CREATE INDEX passage_page ON passage (page);
CREATE TABLE term (term TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE word (word TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE terms USING fts5 (
    title, headings, body,
    content = '', tokenize = "ascii"
);
"""
"""The tables of `terms.sqlite3`.

`terms` has the stems of each passage, in the row with the number `passage.id`. `page.id`,
`passage.passage` and the columns named `page` are primary keys in the site's database.
`page.locale` is the language of a page with its region, such as "pt-br", and `page.language` is the
language alone. `word` has the number of passages with each word, and `term` that with each stem.
`fact` has the metadata.
"""


@cache
def has_fts5() -> bool:
    """Return whether this Python's SQLite has full-text search."""
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5 (a)")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def create(path: Path) -> sqlite3.Connection:
    """Create an empty index without a journal. No process may read it before `publish`."""
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    connection.executescript(_SCHEMA)
    return connection


def publish(connection: sqlite3.Connection) -> None:
    """Commit a new index, and allow other processes to read it while it is updated."""
    connection.commit()
    connection.execute("PRAGMA journal_mode = WAL")


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return a connection for the process that holds the lock of the folder."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=30)
    connection.execute("PRAGMA synchronous = OFF")  # after a crash, the index is rebuilt
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection for searching, also while another process updates the index."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, check_same_thread=False, timeout=5
    )
    connection.execute("PRAGMA query_only = 1")
    # A small cache for each thread is enough, because all threads share the system's file cache.
    connection.execute("PRAGMA cache_size = -4000")
    connection.execute("PRAGMA mmap_size = 67108864")
    return connection
