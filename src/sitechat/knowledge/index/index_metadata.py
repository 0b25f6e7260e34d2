"""Metadata of an index: the state of the database from which it was written, and statistics.

`building` computes the metadata and stores it in the index. `open_index` reads it.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass, field

from sitechat.conf import conf


@dataclass(frozen=True)
class VectorMetadata:
    """Metadata of an index's vectors."""

    embedder: str
    """The identity of the embedder, as stored with passages."""
    dimensions: int
    rows: int
    """The number of vectors, including those of removed passages."""


@dataclass(frozen=True)
class IndexMetadata:
    """Metadata of an index."""

    state: str = ""
    """The state of the database from which the index was written; see `state_of`."""
    pages: int = 0
    passages: int = 0
    dead: int = 0
    """The number of FTS5 rows of removed passages."""
    languages: list[str] = field(default_factory=list)
    """The languages of the pages, most frequent first."""
    audiences: list[str] = field(default_factory=list)
    """All audiences of pages."""
    has_hosts: bool = False
    """Whether the index has pages of other hosts than the main host."""
    vectors: VectorMetadata | None = None


def state_of(stamp: str) -> str:
    """Return the state: a text that changes if the stored pages or CHAT_EMBEDDER change.

    Args:
        stamp: The stamp of the database's content; see `content_stamp`.
    """
    return f"{stamp} {conf.CHAT_EMBEDDER or ''}"


def read_metadata(connection: sqlite3.Connection) -> IndexMetadata:
    """Return the metadata of an index. A new index has empty metadata."""
    row = connection.execute("SELECT value FROM fact WHERE name = 'facts'").fetchone()
    if row is None:
        return IndexMetadata()
    values = json.loads(row[0])
    if values["vectors"]:
        values["vectors"] = VectorMetadata(**values["vectors"])
    return IndexMetadata(**values)


def write_metadata(connection: sqlite3.Connection, metadata: IndexMetadata) -> None:
    """Store the metadata of an index without committing."""
    connection.execute(
        "INSERT OR REPLACE INTO fact VALUES ('facts', ?)", [json.dumps(asdict(metadata))]
    )


def compute_metadata(
    connection: sqlite3.Connection, state: str, vectors: VectorMetadata | None
) -> IndexMetadata:
    """Compute the metadata of an index."""

    def scalar(query: str) -> int:
        return int(connection.execute(query).fetchone()[0])

    passages = scalar("SELECT count(*) FROM passage")
    languages = connection.execute(
        "SELECT language FROM page GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    hosts = "SELECT EXISTS (SELECT 1 FROM page WHERE url >= 'http' AND url < 'httq')"
    return IndexMetadata(
        state=state,
        pages=scalar("SELECT count(*) FROM page"),
        passages=passages,
        dead=last_row(connection) - passages,
        languages=[language for (language,) in languages],
        audiences=[name for (name,) in connection.execute("SELECT DISTINCT name FROM audience")],
        has_hosts=bool(scalar(hosts)),
        vectors=vectors,
    )


def last_row(connection: sqlite3.Connection) -> int:
    """Return the number of the last row that was added to FTS5; 0 if there is none.

    Rows are numbered from 1 without gaps, and never removed.
    """
    row = connection.execute("SELECT coalesce(max(id), 0) FROM terms_docsize").fetchone()
    return int(row[0])
