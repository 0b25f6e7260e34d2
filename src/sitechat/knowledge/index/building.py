"""Building of a search index from the database, and updates of an index with changed pages.

`machine_index` calls this module. An FTS5 table without content can't delete rows. So the rows of
removed passages stay in an index until it is rebuilt.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db.models import CharField
from django.db.models.functions import Cast

from sitechat.knowledge.index.index_files import TERMS, create, open_for_writing, publish
from sitechat.knowledge.index.index_metadata import (
    IndexMetadata,
    compute_metadata,
    last_row,
    read_metadata,
    write_metadata,
)
from sitechat.knowledge.index.indexing_pace import Pace
from sitechat.knowledge.index.vector_files import VectorWriter, open_writer
from sitechat.knowledge.index.word_counts import WordCounts
from sitechat.knowledge.text.search_terms import (
    Stems,
    base_language,
    is_unspaced,
    normalised_locale,
    words,
)
from sitechat.models import Page, PageSnapshot, Passage

_PAGE_BATCH = 50
"""Number of pages that are written in one transaction."""
_COUNT_BATCH = 500
"""Minimum number of passages whose word counts are written together to a new index."""
_STAMP_BATCH = 2000
"""Number of pages whose stamps are compared at once."""
_MAX_DEAD_SHARE = 0.2
"""Maximum share of FTS5 rows that belong to removed passages. Above it, an index is rebuilt."""
_MIN_DEAD = 100
"""An index with at most this number of rows of removed passages is never rebuilt."""


def build(folder: Path, state: str, pace: Pace) -> None:
    """Write the files of an index into an empty folder.

    Memory depends on the size of a batch of pages, not on the size of the site.

    Args:
        folder: The empty folder.
        state: The state of the database; see `index_metadata.state_of`.
        pace: Called between small pieces of work, to limit the load.
    """
    with closing(create(folder / TERMS)) as connection:
        _apply_changes(connection, folder, state, pace, _COUNT_BATCH)
        connection.execute("INSERT INTO terms (terms) VALUES ('optimize')")
        publish(connection)


def update(folder: Path, state: str, pace: Pace) -> IndexMetadata:
    """Update an index in place, while other processes search it.

    The caller must hold the lock of the folder. Each batch of pages is committed. If the update is
    killed, the next one continues after the last committed batch. If the embedder has changed,
    there is only one transaction.

    Args:
        folder: The folder of the index.
        state: The state of the database; see `index_metadata.state_of`.
        pace: Called between small pieces of work, to limit the load.

    Returns:
        The new metadata.
    """
    with closing(open_for_writing(folder / TERMS)) as connection:
        return _apply_changes(connection, folder, state, pace, 1)


def needs_rebuild(metadata: IndexMetadata) -> bool:
    """Return whether an index has so many rows of removed passages that it must be rebuilt."""
    total = metadata.passages + metadata.dead
    return metadata.dead > max(_MAX_DEAD_SHARE * total, _MIN_DEAD)


def changes(connection: sqlite3.Connection) -> tuple[list[int], list[int]]:
    """Return the primary keys of the pages that have changed, and of the pages that were removed.

    Each change of a page gives it a new stamp, and the index contains the stamps of its pages. New
    pages count as changed.
    """
    changed: list[int] = []
    removed: list[int] = []
    for stored, indexed in _stamp_batches(connection):
        removed += indexed.keys() - stored.keys()
        changed += [page for page, stamp in stored.items() if indexed.get(page) != stamp]
    return changed, removed


def _stamp_batches(
    connection: sqlite3.Connection,
) -> Iterator[tuple[dict[int, str], dict[int, str]]]:
    """Yield the stamps of a batch of pages in the database and in the index, by primary key."""
    last = 0
    # Read the stamps as text, because creating UUIDs would take most of the time. Databases return
    # the text with or without hyphens.
    stamp = Cast("stamp", CharField(max_length=36))
    pages = Page.objects.exclude(content_hash="").order_by("pk").values_list("pk", stamp)
    while True:
        batch = list(pages.filter(pk__gt=last)[:_STAMP_BATCH])
        is_end = len(batch) < _STAMP_BATCH
        until = -1 if is_end else batch[-1][0]
        condition = "id > ?" if is_end else "id > ? AND id <= ?"
        indexed = connection.execute(
            f"SELECT id, stamp FROM page WHERE {condition}",  # noqa: S608
            [last] if is_end else [last, until],
        )
        yield {page: text.replace("-", "") for page, text in batch}, dict(indexed.fetchall())
        if is_end:
            return
        last = until


def _apply_changes(
    connection: sqlite3.Connection, folder: Path, state: str, pace: Pace, count_batch: int
) -> IndexMetadata:
    """Write all changes since the last update, and return the new metadata.

    1. Remove the pages that the database no longer has.
    2. Replace the changed pages, and commit after each batch.
    3. Compute the metadata of the whole index, and commit.

    If the index has no vectors of the current embedder yet, only step 3 commits. Before it, the
    vectors of unchanged pages are written too, and the new files of vectors replace the old ones.

    `count_batch` is the minimum number of passages whose word counts are written together. See
    `update` for the other arguments.
    """
    metadata = read_metadata(connection)
    writer, needs_all_vectors = open_writer(folder, metadata.vectors)
    changed, removed = changes(connection)
    word_counts = WordCounts(connection)
    for batch in _batches(removed):
        _remove_pages(connection, batch, writer)
    for batch in _batches(changed):
        _remove_pages(connection, batch, writer)
        _add_pages(connection, batch, writer, word_counts, pace)
        word_counts.write(count_batch)
        if not needs_all_vectors:
            metadata = _write_vectors(metadata, writer)
            write_metadata(connection, metadata)
            connection.commit()
        elif writer is not None:
            writer.write()  # `metadata` describes the old vectors until all new ones are written
    word_counts.write()
    if needs_all_vectors and writer is not None:
        _write_unchanged_pages_vectors(connection, set(changed), writer, pace)
    metadata = _write_vectors(metadata, writer)
    if writer is not None:
        writer.publish()
    metadata = compute_metadata(connection, state, metadata.vectors if writer else None)
    write_metadata(connection, metadata)
    connection.commit()
    return metadata


def _write_vectors(metadata: IndexMetadata, writer: VectorWriter | None) -> IndexMetadata:
    return replace(metadata, vectors=writer.write()) if writer else metadata


def _write_unchanged_pages_vectors(
    connection: sqlite3.Connection, changed: set[int], writer: VectorWriter, pace: Pace
) -> None:
    """Write the vectors of pages that have not changed, after a change of the embedder."""
    pages = [page for (page,) in connection.execute("SELECT id FROM page") if page not in changed]
    for batch in _batches(pages):
        rows = Passage.objects.filter(page__in=batch, embedder=writer.metadata.embedder)
        for passage in rows.only("embedder", "vector", "page_id"):
            writer.add(passage)
        writer.write()
        pace()


def _remove_pages(
    connection: sqlite3.Connection, pages: Sequence[int], writer: VectorWriter | None
) -> None:
    """Remove pages with their passages and vectors. Their words stay in FTS5 and in the counts."""
    deleted_rows = 0
    for page in pages:
        for table, column in (("audience", "page"), ("passage", "page"), ("page", "id")):
            cursor = connection.execute(
                f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608
                [page],
            )
            deleted_rows += cursor.rowcount
    if deleted_rows and writer is not None:
        writer.remove_pages(pages)


def _add_pages(
    connection: sqlite3.Connection,
    pages: Sequence[int],
    writer: VectorWriter | None,
    word_counts: WordCounts,
    pace: Pace,
) -> None:
    """Add pages with their passages, words and vectors."""
    passages = Passage.objects.filter(page__in=pages).select_related("page__snapshot")
    if writer is None:
        passages = passages.defer("vector")
    added: set[int] = set()
    # Rows get new numbers, because a contentless FTS5 table can't delete rows. Primary keys of
    # passages can't number the rows: a database may reuse the key of a rolled-back passage.
    last = last_row(connection)
    rows = list(passages.order_by("page", "number"))
    counts = Counter(passage.page_id for passage in rows)
    for row, passage in enumerate(rows, start=last + 1):
        page = passage.page
        locale = normalised_locale(page.language or settings.LANGUAGE_CODE)
        language = base_language(locale)
        fields = [page.title, "\n".join(passage.headings), passage.text]
        field_words = [list(words(text)) for text in fields]
        stems = stems_of(language)
        field_stems = [[stems[word] for word in part] for part in field_words]
        if page.pk not in added:
            added.add(page.pk)
            _add_page(connection, page, locale, field_stems[0], counts[page.pk])
        connection.execute("INSERT INTO passage VALUES (?, ?, ?)", [row, passage.pk, page.pk])
        connection.execute(
            "INSERT INTO terms (rowid, title, headings, body) VALUES (?, ?, ?, ?)",
            [row, *map(" ".join, field_stems)],
        )
        word_counts.add(
            {word for part in field_words for word in part if _is_in_vocabulary(word)},
            {term for part in field_stems for term in part},
        )
        if writer is not None:
            writer.add(passage)
        pace()


def _add_page(
    connection: sqlite3.Connection,
    page: Page,
    locale: str,
    title_terms: Sequence[str],
    passages: int,
) -> None:
    """Add a page and its audience. `passages` is the number of its passages."""
    connection.execute(
        "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            page.pk,
            page.stamp.hex,
            page.url,
            base_language(locale),
            locale,
            page.source,
            _translations(page),
            " ".join(dict.fromkeys(title_terms)),
            passages,
        ],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO audience VALUES (?, ?)",
        [(name, page.pk) for name in page.audience],
    )


def _is_in_vocabulary(word: str) -> bool:
    """Return whether a word belongs to the vocabulary, with which search corrects spelling."""
    return len(word) > 2 and not is_unspaced(word) and not word.isdigit()


stems_of = cache(Stems)
"""Return the cache of a language's stems."""


def _translations(page: Page) -> str:
    try:
        return page.snapshot.translations
    except PageSnapshot.DoesNotExist:
        return ""


def _batches(pages: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(pages), _PAGE_BATCH):
        yield pages[at : at + _PAGE_BATCH]
