"""The index that is derived from the database: it follows, is mended, and belongs to one user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from sitechat.knowledge import index, open_page, schema
from sitechat.knowledge.checks import check_fts5
from sitechat.knowledge.models import IndexState
from sitechat.knowledge.sources import Document
from sitechat.knowledge.store import remove, store
from tests.indexed import ANONYMOUS, found, put

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


def test_only_what_changed_is_added_and_much_change_builds_anew(help_pages: None) -> None:
    index.refresh()
    for n in range(150):
        put("/busy/", f"Version {n} of this page", "Busy")
        if n % 50 == 0:
            assert found(f"version {n}")[0] == "/busy/"
    assert found("version 149")[0] == "/busy/"
    assert index.status()["passages"] == 5
    folders = [path for path in index.folder().iterdir() if path.is_dir()]
    assert len(folders) == 2


def test_what_search_cannot_find_changes_no_index(help_pages: None) -> None:
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


def test_a_failure_alone_changes_no_index(help_pages: None) -> None:
    before = IndexState.objects.get().stamp
    store(Document(url="/jobs/", key="/jobs/", problem="answers 500"), "shop.Pages")
    assert IndexState.objects.get().stamp == before
    store(Document(url="/jobs/", key="/jobs/", gone=True, problem="answers 404"), "shop.Pages")
    assert IndexState.objects.get().stamp != before


def test_a_large_index_that_is_behind_does_not_read_the_pages_for_each_search(
    help_pages: None,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    previous = index.refresh()
    assert previous is not None
    put("/soup/", "soup soup soup", "Soup")
    monkeypatch.setattr(index, "_MOST_INLINE", 0)
    with django_assert_num_queries(0):
        assert not index._is_quick(previous.folder)


def test_a_damaged_index_is_built_anew(help_pages: None) -> None:
    built = index.refresh()
    assert built is not None
    database = built.folder / schema.TERMS
    database.write_bytes(os.urandom(database.stat().st_size))
    index._Process.current = None
    assert found("parcels") == []
    assert found("parcels")[0] == "/shipping/"


def test_what_a_killed_builder_left_is_swept_away(help_pages: None) -> None:
    left = index.folder() / "new-killed"
    left.mkdir()
    (left / schema.TERMS).write_bytes(b"half")
    assert found("parcels")[0] == "/shipping/"
    assert not left.exists()


def test_a_folder_that_others_can_write_to_is_refused(help_pages: None, tmp_path: Path) -> None:
    index.folder().parent.chmod(0o777)
    with pytest.raises(PermissionError, match="only this user"):
        index.folder()
    assert found("parcels") == []


def test_the_command_says_why_an_index_can_not_be_built(help_pages: None, no_sources: None) -> None:
    index.folder().parent.chmod(0o777)
    with pytest.raises(CommandError, match=r"can't be built here: .*only this user"):
        call_command("chat_index")


def test_without_fts5_a_check_says_so_and_search_finds_nothing(
    help_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(check_fts5()) == []
    monkeypatch.setattr("sitechat.knowledge.checks.has_fts5", lambda: False)
    monkeypatch.setattr("sitechat.knowledge.index.has_fts5", lambda: False)
    assert [problem.id for problem in check_fts5()] == ["sitechat.E010"]
    assert found("parcels") == []
    assert open_page("/shipping/", user=ANONYMOUS) is not None


def test_the_state_of_the_index_is_told(help_pages: None) -> None:
    index.refresh()
    status = index.status()
    assert status["pages"] == 4
    assert status["up_to_date"] is True
    assert status["bytes"] > 0
