"""Tests of searches while another process updates the index."""

from __future__ import annotations

from contextlib import closing

import pytest

from sitechat.knowledge import index as indexes
from sitechat.knowledge.index.index_files import TERMS, open_for_writing
from sitechat.models import IndexState
from tests.indexed import found, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

QUESTION = "walrus"


def remove_all(index: indexes.Index) -> None:
    """Remove all pages from the index, as an update of another process does."""
    with closing(open_for_writing(index.folder / TERMS)) as connection:
        for table in ("audience", "passage", "page"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the test
        connection.commit()


def search_with_removal(before: int) -> int:
    """Search, remove all pages before a statement, and return the number of statements."""
    IndexState.touch()  # the index gets the removed pages again
    index = indexes.refresh()
    assert index is not None
    statements: list[str] = []

    def trace(statement: str) -> None:
        statements.append(statement)
        if len(statements) == before:
            remove_all(index)

    index.terms.set_trace_callback(trace)
    try:
        found(QUESTION, language="en")
    finally:
        index.terms.set_trace_callback(None)
    return len(statements)


def test_pages_that_are_removed_during_a_search_are_no_error() -> None:
    put("/walrus/", "The walrus is here", language="en")
    put("/walross/", "Das walrus ist hier, die anderen sind nicht da", language="de")
    statements = search_with_removal(before=0)
    assert statements > 5
    for number in range(1, statements + 1):
        search_with_removal(before=number)
    assert len(found(QUESTION, language="en")) <= 2
