"""The status of this machine's index, as the admin and commands show it."""

from __future__ import annotations

import sqlite3
from typing import TypedDict

from sitechat.knowledge.index.index_metadata import state_of
from sitechat.knowledge.index.machine_index import content_stamp, current, discard_damaged
from sitechat.knowledge.index.open_index import Damaged, Index
from sitechat.models import Page


class IndexStatus(TypedDict):
    """The number of pages, passages, vectors and bytes of an index, and whether it is current."""

    pages: int
    passages: int
    vectors: int
    bytes: int
    up_to_date: bool


def status() -> IndexStatus:
    """Return the status of the index that this process searches.

    Without a usable index, all numbers are 0, and `up_to_date` says whether there are no pages.
    """
    index = current()
    if index is not None:
        try:
            return _status_of(index)
        except (OSError, sqlite3.Error, Damaged) as error:
            discard_damaged(index, error)
    has_pages = Page.objects.exclude(content_hash="").exists()
    return IndexStatus(pages=0, passages=0, vectors=0, bytes=0, up_to_date=not has_pages)


def _status_of(index: Index) -> IndexStatus:
    stamp, metadata, vectors = content_stamp(), index.metadata, index.vectors
    index.terms.execute("SELECT 1 FROM page LIMIT 1")
    return IndexStatus(
        pages=metadata.pages,
        passages=metadata.passages,
        vectors=0 if vectors is None else int((vectors[1][:, 0] > 0).sum()),
        bytes=sum(file.stat().st_size for file in index.folder.iterdir()),
        up_to_date=stamp is not None and metadata.state == state_of(stamp),
    )
