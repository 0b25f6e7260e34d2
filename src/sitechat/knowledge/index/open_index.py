"""A search index that is open for reading.

`machine_index` opens it, and the modules of `searching` query it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sitechat.conf import conf
from sitechat.knowledge.index.index_files import TERMS, open_for_reading
from sitechat.knowledge.index.index_metadata import IndexMetadata, read_metadata
from sitechat.knowledge.index.vector_files import open_vectors
from sitechat.runtime.per_process import PerProcess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAX_WORDS = 100_000
"""Maximum number of the site's words that are kept in memory to correct questions."""
_SMALL_VOCABULARY = 20_000
"""A vocabulary of at most this number of words is read again after every change."""
_VOCABULARY_LIFETIME = 600.0
"""Seconds that a larger vocabulary is kept, even if pages have changed."""


class Damaged(Exception):
    """The files of an index can't be read, because they are damaged or deleted."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of the site that were read from an index."""

    by_length: dict[int, dict[str, int]]
    """The words by length, with the number of passages that contain them."""
    state: str = ""
    """The state of the index from which they were read."""
    read_at: float = field(default_factory=time.monotonic)
    """When they were read, by `time.monotonic`."""

    @cached_property
    def by_start(self) -> dict[str, list[str]]:
        """The words of more than three letters, by their first two letters without accents."""
        grouped: dict[str, list[str]] = {}
        for words in self.by_length.values():
            for word in words:
                if len(word) > 3:
                    start = unicodedata.normalize("NFD", word[:2])
                    plain = "".join(c for c in start if not unicodedata.combining(c))
                    grouped.setdefault(plain, []).append(word)
        return grouped

    def __len__(self) -> int:
        return sum(map(len, self.by_length.values()))


class Index:
    """An index that is open for reading and shared by threads.

    Its files may be updated while it is open. Call `reload` after an update.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metadata = IndexMetadata()
        self._local = PerProcess(threading.local)  # SQLite's connections don't survive a fork
        self._vocabulary: Vocabulary | None = None
        self._vectors: tuple[IndexMetadata, NDArray[np.float32], NDArray[np.int64]] | None = None
        self.reload()

    def reload(self) -> IndexMetadata:
        """Read the metadata of the index again.

        Raises:
            sqlite3.Error: The files can't be read.
        """
        self.metadata = read_metadata(self.terms)
        return self.metadata

    @property
    def terms(self) -> sqlite3.Connection:
        """This thread's connection to the FTS5 index."""
        local = self._local()
        connection: sqlite3.Connection | None = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = open_for_reading(self.folder / TERMS)
        return connection

    @property
    def languages(self) -> list[str]:
        """The languages of the pages, most frequent first."""
        return self.metadata.languages

    @property
    def audiences(self) -> set[str]:
        """All audiences of pages."""
        return set(self.metadata.audiences)

    @property
    def has_hosts(self) -> bool:
        """Whether the index has pages of other hosts than the main host."""
        return self.metadata.has_hosts

    def contains(self, term: str) -> bool:
        """Return whether a passage contains a term of the index. Removed passages are ignored.

        The table `term` also counts removed passages, so this needs a search.
        """
        if not self.metadata.dead:
            return True
        matches = self.terms.execute(
            "SELECT 1 FROM terms JOIN passage ON passage.id = terms.rowid"
            " WHERE terms MATCH ? LIMIT 1",
            [f'"{term}"'],
        )
        return matches.fetchone() is not None

    @property
    def vocabulary(self) -> Vocabulary:
        """The most frequent words of the site, at most 100,000. They may be ten minutes old."""
        vocabulary = self._vocabulary
        if vocabulary is not None and vocabulary.state != self.metadata.state:
            is_old = time.monotonic() - vocabulary.read_at > _VOCABULARY_LIFETIME
            if len(vocabulary) <= _SMALL_VOCABULARY or is_old:
                vocabulary = None
        if vocabulary is None:
            vocabulary = self._vocabulary = Vocabulary(self._words(), self.metadata.state)
        return vocabulary

    def _words(self) -> dict[int, dict[str, int]]:
        count = self.terms.execute("SELECT count(*) FROM word").fetchone()[0]
        query = "SELECT word, passages FROM word"
        if count > _MAX_WORDS:
            query += f" ORDER BY passages DESC LIMIT {_MAX_WORDS}"
        grouped: dict[int, dict[str, int]] = {}
        for word, passages in self.terms.execute(query):
            grouped.setdefault(len(word), {})[word] = passages
        return grouped

    @property
    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        """The vectors, and the passage and page of each; None if the index has no vectors.

        The first array has the shape (vectors, dimensions). The second has the shape (vectors, 2):
        the primary keys of the passage and its page, or 0 and 0 if the passage was removed. Without
        `CHAT_EMBEDDER`, the result is None.

        Raises:
            Damaged: The files can't be read.
        """
        metadata = self.metadata
        if not conf.CHAT_EMBEDDER or metadata.vectors is None:
            return None
        cached = self._vectors
        if cached is None or cached[0] != metadata:
            try:
                cached = (metadata, *open_vectors(self.folder, metadata.vectors))
            except (OSError, ValueError) as error:
                raise Damaged(f"vectors: {error}") from error
            self._vectors = cached
        return cached[1], cached[2]
