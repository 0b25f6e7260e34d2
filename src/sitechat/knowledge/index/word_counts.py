"""Counts of an index's words and terms: in how many passages each occurs.

Terms are the stems that are searched for. Words are not stemmed: search corrects the spelling of
questions with them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter


class WordCounts:
    """The numbers of passages with each word and term. They are collected and written together.

    Args:
        connection: The connection to the index.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._passages = 0
        self._counts: dict[str, Counter[str]] = {"word": Counter(), "term": Counter()}

    def add(self, words: set[str], terms: set[str]) -> None:
        """Count the words and terms of a passage."""
        self._passages += 1
        self._counts["word"].update(words)
        self._counts["term"].update(terms)

    def write(self, min_passages: int = 1) -> None:
        """Write the counts if they include at least `min_passages` passages."""
        if self._passages < min_passages:
            return
        for table, counts in self._counts.items():
            self._connection.executemany(
                f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608
                " ON CONFLICT DO UPDATE SET passages = passages + excluded.passages",
                sorted(counts.items()),
            )
            counts.clear()
        self._passages = 0
