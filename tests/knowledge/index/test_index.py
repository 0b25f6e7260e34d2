"""Tests of the index: it follows the database, is repaired, and belongs to one system user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sitechat.checks.knowledge import check_fts5
from sitechat.knowledge import index, open_page
from sitechat.knowledge.index import building, index_files, index_folder
from sitechat.knowledge.index.indexing_pace import Pace
from sitechat.knowledge.index.page_queries import remove
from sitechat.knowledge.index.page_storing import store
from sitechat.knowledge.sources import Document
from sitechat.models import IndexState
from tests.indexed import ANONYMOUS, found, put, put_help_pages, without_fts5
from tests.smaller import Smaller
from tests.waiting import until

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]


def test_the_index_follows_the_database(help_pages: None) -> None:
    assert found("parcels")[0] == "/shipping/"
    put("/shipping/", "We carry boxes.", "Shipping")
    assert found("parcels") == []
    assert found("boxes")[0] == "/shipping/"
    remove("shop.Pages", "/shipping/")
    assert found("boxes") == []


def test_an_index_of_a_change_that_was_rolled_back_is_not_used(help_pages: None) -> None:
    before = found("soup")
    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        put("/soup/", "soup soup soup", "Soup")
        assert found("soup")[0] == "/soup/"
        raise RuntimeError
    put("/other/", "Nothing new")
    assert found("soup") == before


def test_changes_are_written_in_place_until_the_index_must_be_rebuilt(help_pages: None) -> None:
    first = index.refresh()
    assert first is not None
    folders = {first.folder}
    for n in range(110):
        put("/busy/", f"Version {n} of this page", "Busy")
        built = index.refresh()
        assert built is not None
        folders.add(built.folder)
        if n == 10:
            assert folders == {first.folder}
        if n % 50 == 0:
            assert found(f"version {n}")[0] == "/busy/"
    assert found("version 109")[0] == "/busy/"
    assert index.status()["passages"] == 5
    assert len(folders) == 2


def test_searches_work_while_another_process_writes(help_pages: None) -> None:
    built = index.refresh()
    assert built is not None
    writing = index_files.open_for_writing(built.folder / index_files.TERMS)
    writing.execute("BEGIN IMMEDIATE")
    writing.execute("DELETE FROM passage")
    assert found("parcels")[0] == "/shipping/"
    writing.rollback()
    writing.close()


class Killed(Pace):
    """The pace of a process that is killed after 80 steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def __call__(self) -> None:
        self.steps += 1
        if self.steps > 80:
            raise KeyboardInterrupt


def test_a_killed_update_is_continued(
    help_pages: None,
) -> None:
    first = index.refresh()
    assert first is not None
    for n in range(120):
        put(f"/new/{n}/", f"A text about walrus number {n}")
    with pytest.raises(KeyboardInterrupt):
        building.update(first.folder, "the next state", Killed())
    assert len(found("walrus", limit=200)) == 120
    again = index.refresh()
    assert again is not None
    assert (again.folder, again.metadata.dead) == (first.folder, 0)


def test_pages_that_search_can_not_find_do_not_change_the_index(help_pages: None) -> None:
    documents = [
        Document(url="/broken/", key="1", problem="answers 500"),
        Document(url="/empty/", key="2", text=" "),
        Document(url="/jobs/", key="/jobs/", problem="answers 500"),
        Document(url="/returns/", key="/returns/", gone=True, problem="answers 404"),
        Document(url="nowhere", key="4", text="x"),
    ]
    for document in documents:
        store(document, "shop.Pages")
    before = IndexState.objects.get()
    for document in documents:
        store(document, "shop.Pages")
    remove("shop.Pages", "1")
    after = IndexState.objects.get()
    assert (after.stamp, after.changed) == (before.stamp, before.changed)
    remove("shop.Pages", "/jobs/")
    assert IndexState.objects.get().stamp != before.stamp


def test_a_failed_page_does_not_change_the_index(help_pages: None) -> None:
    before = IndexState.objects.get().stamp
    store(Document(url="/jobs/", key="/jobs/", problem="answers 500"), "shop.Pages")
    assert IndexState.objects.get().stamp == before
    store(Document(url="/jobs/", key="/jobs/", gone=True, problem="answers 404"), "shop.Pages")
    assert IndexState.objects.get().stamp != before


@pytest.mark.django_db(transaction=True)
def test_a_large_outdated_index_does_not_compare_pages_in_each_search(
    index_folder: None, smaller: Smaller
) -> None:
    def compares_pages() -> bool:
        with CaptureQueriesContext(connection) as queries:
            assert found("parcels")[0] == "/shipping/"
        casts = ("CAST(", "::varchar")  # of the stamps of pages
        return any(cast in query["sql"] for query in queries for cast in casts)

    put_help_pages()
    index.refresh()
    put("/soup/", "We cook soup.", "Soup")
    assert compares_pages()
    put("/stew/", "We cook stew.", "Stew")
    smaller(index.machine_index, MAX_INLINE=0)
    assert not compares_pages()
    until(lambda: found("stew"))


def test_a_damaged_index_is_rebuilt(help_pages: None) -> None:
    built = index.refresh()
    assert built is not None
    database = built.folder / index_files.TERMS
    database.write_bytes(os.urandom(database.stat().st_size))
    with index.machine_index.opened.renewed():
        assert found("parcels")[0] == "/shipping/"


def test_an_index_that_is_temporarily_unreadable_is_kept(help_pages: None) -> None:
    before = index.current()
    assert before is not None
    before.terms.set_progress_handler(lambda: 1, 1)  # every statement fails
    assert found("soup") == []
    before.terms.set_progress_handler(None, 0)
    assert index.current() is before
    assert found("soup")


def test_files_of_a_killed_build_are_deleted(help_pages: None) -> None:
    left = index_folder.folder() / "new-killed"
    left.mkdir()
    (left / index_files.TERMS).write_bytes(b"half")
    assert found("parcels")[0] == "/shipping/"
    assert not left.exists()


def test_a_folder_that_others_can_write_to_is_refused(help_pages: None, tmp_path: Path) -> None:
    index_folder.folder().parent.chmod(0o777)
    with pytest.raises(PermissionError, match="only this user"):
        index_folder.folder()
    assert found("parcels") == []


def test_the_command_reports_why_an_index_can_not_be_built(
    help_pages: None, no_sources: None
) -> None:
    index_folder.folder().parent.chmod(0o777)
    with pytest.raises(CommandError, match=r"can't be built here: .*only this user"):
        call_command("chat_index")


def test_without_fts5_a_check_fails_and_search_finds_nothing(
    help_pages: None,
) -> None:
    assert list(check_fts5()) == []
    with without_fts5():
        assert [problem.id for problem in check_fts5()] == ["sitechat.E010"]
        assert found("parcels") == []
        assert open_page("/shipping/", user=ANONYMOUS) is not None


def test_the_status_of_the_index_is_reported(help_pages: None) -> None:
    index.refresh()
    status = index.status()
    assert status["pages"] == 4
    assert status["up_to_date"] is True
    assert status["bytes"] > 0
