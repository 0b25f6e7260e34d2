"""Building a search index from the database: whole, or from an older one and what has changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from sitechat.conf import conf

from .languages import base_language, is_unspaced, stem, words
from .models import Page, Passage
from .schema import (
    TERMS,
    VECTOR_PASSAGES,
    VECTORS,
    create,
    open_for_reading,
    open_for_writing,
)

_CHUNK = 500
_MOST_DEAD = 0.2
"""Share of the passages in FTS5 that no page has any more, above which the index is built anew."""


def build(folder: Path, previous: Path | None) -> None:
    """Write the files of an index into an empty folder, beginning with a previous index's if given.

    Memory is bounded by a chunk of passages and the vocabulary, whatever the size of the site.
    """
    path = folder / TERMS
    if previous is None or not _is_updated(path, previous):
        path.unlink(missing_ok=True)
        with closing(create(path)) as connection:
            _update(connection)
            connection.execute("INSERT INTO terms (terms) VALUES ('optimize')")
            connection.commit()
    _write_vectors(folder)


def _is_updated(path: Path, previous: Path) -> bool:
    """Copy a previous index and bring it up to date; False where it is damaged or worn out."""
    try:
        shutil.copyfile(previous / TERMS, path)
        with closing(open_for_writing(path)) as connection:
            return _update(connection)
    except (OSError, sqlite3.Error):
        return False


def changes(connection: sqlite3.Connection) -> tuple[list[int], list[int]]:
    """The ids of the pages that an index lacks or has another state of, and those that are gone."""
    gone = dict(connection.execute("SELECT id, stamp FROM page").fetchall())
    wanted = []
    rows = Page.objects.exclude(content_hash="").values_list("pk", "stamp")
    for page, stamp in rows.iterator(chunk_size=5000):
        if gone.pop(page, None) != stamp.hex:
            wanted.append(page)
    return wanted, list(gone)


def _update(connection: sqlite3.Connection) -> bool:
    """Bring an index up to date; False where too much of it would be dead."""
    wanted, gone = changes(connection)
    for page in (*wanted, *gone):
        for table, column in (("audience", "page"), ("passage", "page"), ("page", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", [page])  # noqa: S608
    counts: dict[str, Counter[str]] = {"word": Counter(), "term": Counter()}
    for some in _chunks(wanted, _CHUNK):
        _add(connection, some, counts)
    for table, found in counts.items():
        connection.executemany(
            f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608
            " ON CONFLICT DO UPDATE SET passages = passages + excluded.passages",
            found.items(),
        )
    connection.commit()
    alive = connection.execute("SELECT count(*) FROM passage").fetchone()[0]
    ever = connection.execute("SELECT count(*) FROM terms_docsize").fetchone()[0]
    return bool(ever - alive <= max(_MOST_DEAD * ever, 100))


def _add(
    connection: sqlite3.Connection, pages: Sequence[int], counts: dict[str, Counter[str]]
) -> None:
    passages = (
        Passage.objects.filter(page__in=pages).select_related("page").defer("vector")
        .order_by("page", "number")
    )  # fmt: skip
    known: set[int] = set()
    # Rows have numbers of their own, never used twice: FTS5 can't forget a row, and a database
    # may give the number of a passage that was rolled back to another one.
    last = connection.execute("SELECT coalesce(max(id), 0) FROM terms_docsize").fetchone()[0]
    for row, passage in enumerate(passages.iterator(chunk_size=_CHUNK), start=last + 1):
        page = passage.page
        language = base_language(page.language or settings.LANGUAGE_CODE)
        if page.pk not in known:
            known.add(page.pk)
            connection.execute(
                "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)",
                [page.pk, page.stamp.hex, page.url, language],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO audience VALUES (?, ?)",
                [(name, page.pk) for name in page.audience],
            )
        connection.execute("INSERT INTO passage VALUES (?, ?, ?)", [row, passage.pk, page.pk])
        fields = [page.title, "\n".join(passage.headings), passage.text]
        found = [list(words(text)) for text in fields]
        stemmed = [[stem(word, language) for word in part] for part in found]
        connection.execute(
            "INSERT INTO terms (rowid, title, headings, body) VALUES (?, ?, ?, ?)",
            [row, *map(" ".join, stemmed)],
        )
        counts["term"].update({term for part in stemmed for term in part})
        counts["word"].update(
            word
            for word in {word for part in found for word in part}
            if len(word) > 2 and not is_unspaced(word) and not word.isdigit()
        )


def _write_vectors(folder: Path) -> None:
    if not conf.CHAT_EMBEDDER:
        return
    current = Passage.objects.filter(embedder__startswith=f"{conf.CHAT_EMBEDDER}:"[:190])
    newest = current.order_by("-pk").values_list("embedder", flat=True).first()
    if newest is None:
        return
    import numpy as np

    rows = current.filter(embedder=newest, vector__isnull=False).order_by("pk")
    count, dimensions = rows.count(), int(newest.rpartition(":")[2])
    target: Any = np.lib.format.open_memmap(
        folder / VECTORS, mode="w+", dtype=np.float32, shape=(count, dimensions)
    )
    whose = np.zeros((count, 2), dtype=np.int64)
    with closing(open_for_reading(folder / TERMS)) as connection:
        known = {page for (page,) in connection.execute("SELECT id FROM page")}
    at = 0
    values = rows.values_list("pk", "page_id", "vector").iterator(chunk_size=_CHUNK)
    for passage, page, vector in islice(values, count):
        found = np.frombuffer(bytes(vector or b""), dtype="<f2")
        if len(found) == dimensions and page in known:  # not saved since the terms were read
            target[at] = found
            whose[at] = passage, page
            at += 1
    target.flush()
    del target
    np.save(folder / VECTOR_PASSAGES, whose[:at])


def _chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
