"""Sources that a site declares: its objects and files, and signals that keep them known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction
from django.db.models import QuerySet
from pytest_django import DjangoCaptureOnCommitCallbacks

from sitechat.knowledge import FileSource, Source, open_page, search
from sitechat.knowledge.indexing import index_all
from sitechat.knowledge.models import Page, Passage
from sitechat.knowledge.sources import AnySource, Document, registry
from sitechat.knowledge.store import Outcome, store
from tests.indexed import known_urls

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


class _Groups(Source, abstract=True):
    """Groups stand for articles: their names are their texts."""

    format = "plain"

    def queryset(self) -> QuerySet[Any]:
        return Group.objects.exclude(name="draft")

    def title(self, obj: Group) -> str:
        return f"Article {obj.pk}"

    def url(self, obj: Group) -> str:
        return f"/articles/{obj.pk}/"

    def text(self, obj: Group) -> str:
        if obj.name == "broken":
            raise RuntimeError("no text today")
        return obj.name


def test_declared_sources_give_the_objects_of_their_querysets() -> None:
    class Articles(_Groups):
        pass

    kept = Group.objects.create(name="About shipping parcels")
    Group.objects.create(name="draft")
    broken = Group.objects.create(name="broken")
    report = index_all()
    assert known_urls() == {f"/articles/{kept.pk}/"}
    assert report.problems == [(f"/articles/{broken.pk}/", "RuntimeError: no text today")]
    found = search("parcels", user=AnonymousUser())
    assert [(one.title, one.url) for one in found] == [
        (f"Article {kept.pk}", f"/articles/{kept.pk}/")
    ]


def test_saved_and_deleted_objects_are_indexed_on_commit_once_each(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(_Groups):
        pass

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        group = Group.objects.create(name="First words")
        group.name = "Second words"
        group.save()
        Group.objects.create(name="Another one")
    assert len(callbacks) == 1
    assert Passage.objects.filter(text="Second words").count() == 1
    assert Passage.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        group.name = "draft"
        group.save()
    assert not Passage.objects.filter(page__key=str(group.pk)).exists()
    with django_capture_on_commit_callbacks(execute=True):
        Group.objects.all().delete()
    assert known_urls() == set()


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_not_indexed_and_does_not_stop_the_next() -> None:
    class Articles(_Groups):
        pass

    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        Group.objects.create(name="Never was")
        raise RuntimeError
    assert not Page.objects.exists()
    with transaction.atomic():
        Group.objects.create(name="It is")
    assert Passage.objects.get().text == "It is"


@pytest.mark.django_db(transaction=True)
def test_objects_are_indexed_at_once_outside_a_transaction() -> None:
    class Articles(_Groups):
        pass

    class Notes(_Groups):
        def url(self, obj: Group) -> str:
            return f"/notes/{obj.pk}/"

    group = Group.objects.create(name="First words")
    assert known_urls() == {f"/articles/{group.pk}/", f"/notes/{group.pk}/"}
    group.name = "Second words"
    group.save()
    assert set(Passage.objects.values_list("text", flat=True)) == {"Second words"}
    group.delete()
    assert known_urls() == set()


@pytest.mark.django_db(transaction=True)
def test_where_nobody_says_when_it_is_committed_a_save_is_left_to_chat_index() -> None:
    class Articles(_Groups):
        pass

    transaction.set_autocommit(False)
    try:
        Group.objects.create(name="Words")
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert known_urls() == set()
    index_all()
    assert len(known_urls()) == 1


def test_a_source_that_fails_never_breaks_the_save(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(_Groups):
        def url(self, obj: Group) -> str:
            raise KeyError("no address")

    class NoQueryset(_Groups):
        def queryset(self) -> QuerySet[Any]:
            raise RuntimeError("not now")

    with django_capture_on_commit_callbacks(execute=True):
        Group.objects.create(name="x")
    assert not Page.objects.exists()


def test_objects_that_move_and_addresses_given_twice() -> None:
    class Articles(_Groups):
        where = "/a/"

        def url(self, obj: Group) -> str:
            return self.where

    first = Group.objects.create(name="First")
    Group.objects.create(name="Second")
    for _ in range(2):
        report = index_all()
        assert report.counts[Outcome.LEFT_OUT] == 1
        assert Passage.objects.get().text == "First"
    Articles.where = "/b/"
    index_all()
    assert [page.url for page in Page.objects.all()] == ["/b/"]
    assert Page.objects.get().key == str(first.pk)


def test_pages_of_a_source_that_is_no_longer_declared_are_forgotten() -> None:
    class Articles(_Groups):
        pass

    class Others(FileSource):
        path = Path(__file__)
        format = "plain"

    Group.objects.create(name="Text")
    index_all()
    assert Page.objects.count() == 2
    registry.remove(Articles)
    assert index_all().removed == 1
    assert Page.objects.count() == 1


def test_a_broken_source_keeps_its_pages_and_does_not_stop_the_others() -> None:
    class Broken(AnySource):
        def documents(self) -> Iterator[Document]:
            yield Document(url="/one/", key="1", text="One", format="plain")
            raise ConnectionError("went away")

    class Articles(_Groups):
        pass

    store(Document(url="/two/", key="2", text="Two", format="plain"), Broken.label)
    Group.objects.create(name="Text")
    report = index_all()
    assert {"/one/", "/two/"} < known_urls()
    assert len(known_urls()) == 3
    assert (Broken.label, "ConnectionError: went away") in report.problems


def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "guide").mkdir(parents=True)
    (folder / "index.md").write_text("# Start\n\nHello there")
    (folder / "guide" / "first steps.rst").write_text("Steps\n=====\n\nGo on")
    (folder / "notes.html").write_text("<title>Notes</title><main>Remember</main>")
    (folder / ".hidden.md").write_text("hidden")
    (folder / "data.bin").write_bytes(b"\0")
    (folder / "bad.pdf").write_bytes(b"%PDF-nonsense")
    (tmp_path / "outside.md").write_text("outside")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")

    class Manual(FileSource):
        path = folder
        prefix = "/docs/"

    report = index_all()
    assert known_urls() == {"/docs/", "/docs/guide/first%20steps/", "/docs/notes/"}
    assert Page.objects.get(url="/docs/").title == "Start"
    assert [where for where, _ in report.problems] == ["/docs/bad/"]


def test_only_addresses_that_are_safe_to_link_are_kept() -> None:
    for url in ("javascript:alert(1)", "data:text/html,x", "articles/1", "", "/" + "x" * 3000):
        stored = store(Document(url=url, key="k", text="Text", format="plain"), "test")
        assert stored.outcome is Outcome.FAILED
    assert not Page.objects.exists()


def test_an_audience_that_means_nothing_is_an_error_not_a_public_page() -> None:
    stored = store(Document(url="/x/", text="Text", format="plain", audience=["stuff"]), "test")
    assert stored.problem.startswith("unknown audience 'stuff'")
    assert open_page("/x/", user=AnonymousUser()) is None


def test_text_that_databases_do_not_take_is_cleaned() -> None:
    store(Document(url="/x/", title="a\0b\ud800", text="nul \0 and \ud800 half"), "test")
    assert Passage.objects.get().text == "nul and ? half"


def test_a_large_queryset_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Articles(_Groups):
        pass

    Group.objects.bulk_create([Group(name=f"Number {n}") for n in range(450)])
    held: list[int] = []
    original = QuerySet._fetch_all

    def fetch_all(self: QuerySet[Any]) -> None:
        original(self)
        held.append(len(self._result_cache or []))

    monkeypatch.setattr(QuerySet, "_fetch_all", fetch_all)
    assert index_all().counts[Outcome.ADDED] == 450
    assert max(held) < 300
