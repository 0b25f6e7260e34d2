"""Tests of declared sources of objects and files, and of their signals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import ImproperlyConfigured

from sitechat.knowledge import FileSource, Source, search
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.index.page_queries import remove
from sitechat.knowledge.index.page_storing import store
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.reading.formats import MAX_SIZE
from sitechat.knowledge.sources import AnySource, Document, registry
from sitechat.models import Page, Passage
from tests.indexed import Groups, known_urls

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


def test_declared_sources_yield_the_objects_of_their_querysets() -> None:
    class Articles(Groups):
        pass

    kept = Group.objects.create(name="About shipping parcels")
    Group.objects.create(name="draft")
    broken = Group.objects.create(name="broken")
    report = index_all()
    assert known_urls() == {f"/articles/{kept.pk}/"}
    assert report.problems == [(f"/articles/{broken.pk}/", "RuntimeError: no text today")]
    hits = search("parcels", user=AnonymousUser())
    assert [(one.title, one.url) for one in hits] == [
        (f"Article {kept.pk}", f"/articles/{kept.pk}/")
    ]


def test_objects_may_move_and_the_first_of_equal_addresses_is_kept() -> None:
    class Articles(Groups):
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


def test_keys_that_are_longer_than_their_column_stay_distinct() -> None:
    begins = "/" + "%E6%96%B0" * 25 + "/"
    keys = [f"{begins}{end}/" for end in ("one", "two")]
    for outcome in (Outcome.ADDED, Outcome.UNCHANGED):
        for key in keys:
            document = Document(url=key, key=key, text=f"Of {key}", format="plain")
            assert store(document, "test").outcome is outcome
    assert known_urls() == set(keys)
    assert all(page.key.startswith(begins[:100]) for page in Page.objects.all())
    store(Document(url="/moved/", key=keys[0], text="Elsewhere", format="plain"), "test")
    assert known_urls() == {"/moved/", keys[1]}
    assert remove("test", keys[0])
    assert not remove("test", begins + "three/")
    assert known_urls() == {keys[1]}


def test_files_in_deep_folders_stay_distinct(tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = tmp_path / name / ("x" * 120) / ("y" * 120)
        folder.mkdir(parents=True)
        (folder / "page.md").write_text(f"The {name} page")

    class Manual(FileSource):
        path = tmp_path

    for added in (2, 0):
        assert index_all().counts[Outcome.ADDED] == added
    assert len(known_urls()) == 2


def declare_files() -> None:
    class Files(FileSource):
        path = Path(__file__)
        format = "plain"


def test_pages_of_a_source_that_is_no_longer_declared_are_removed() -> None:
    class Articles(Groups):
        pass

    declare_files()
    Group.objects.create(name="Text")
    index_all()
    assert Page.objects.count() == 2
    with registry.emptied():
        declare_files()
        assert index_all().removed == 1
    assert Page.objects.count() == 1


def test_a_broken_source_keeps_its_pages_and_does_not_stop_the_others() -> None:
    class Broken(AnySource):
        def documents(self) -> Iterator[Document]:
            yield Document(url="/one/", key="1", text="One", format="plain")
            raise ConnectionError("went away")

    class Articles(Groups):
        pass

    store(Document(url="/two/", key="2", text="Two", format="plain"), Broken.label)
    Group.objects.create(name="Text")
    report = index_all()
    assert {"/one/", "/two/"} < known_urls()
    assert len(known_urls()) == 3
    problem = (
        "stopped after 1 pages (ConnectionError: went away); its other pages keep their old text"
    )
    assert (Broken.label, problem) in report.problems


def test_files_are_read_with_titles_and_addresses(tmp_path: Path) -> None:
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


def test_an_invalid_file_or_name_does_not_affect_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("First")
    (tmp_path / "odd.md").write_text("Odd")
    (tmp_path / "z.md").write_text("Last")
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("Coffee")
    except OSError:
        pytest.skip("this file system takes no such names")

    class Manual(FileSource):
        path = tmp_path
        prefix = "/docs/"

        def title(self, file: Path) -> str:
            if file.stem == "odd":
                raise KeyError("title")
            return ""

    report = index_all()
    assert known_urls() == {"/docs/a/", "/docs/caf%E9/", "/docs/z/"}
    assert report.problems == [("/docs/odd/", "KeyError: 'title'")]
    assert index_all().counts == {Outcome.UNCHANGED: 3, Outcome.FAILED: 1}


def test_files_that_are_too_large_or_gone_are_reported(tmp_path: Path) -> None:
    large = tmp_path / "large.log"
    with large.open("wb") as file:
        file.truncate(MAX_SIZE + 1)
    for name, problem in (("large.log", "too large"), ("gone.log", "cannot be opened")):
        document = Document(url="/x/", key="x", text=tmp_path / name, format="plain")
        assert store(document, "test").problem.startswith(problem)


@pytest.mark.parametrize(
    ("method", "value", "counts"),
    [
        ("title", None, {Outcome.ADDED: 3}),
        ("language", None, {Outcome.ADDED: 3}),
        ("text", None, {Outcome.ADDED: 2, Outcome.LEFT_OUT: 1}),
        ("text", 5, {Outcome.ADDED: 2, Outcome.FAILED: 1}),
        ("url", None, {Outcome.ADDED: 2, Outcome.FAILED: 1}),
    ],
)
def test_an_object_with_invalid_values_does_not_affect_the_others(
    monkeypatch: pytest.MonkeyPatch, method: str, value: Any, counts: dict[Outcome, int]
) -> None:
    class Articles(Groups):
        pass

    for name in ("First", "Odd", "Last"):
        Group.objects.create(name=name)
    usual = getattr(Articles, method)
    monkeypatch.setattr(
        Articles,
        method,
        lambda self, obj: value if obj.name == "Odd" else usual(self, obj),
        raising=False,
    )
    assert index_all().counts == counts


class Unsaved:
    """An object whose `get_absolute_url` has a mistake."""

    def get_absolute_url(self) -> str:
        return str(self.slug)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("obj", "missing"), [(object(), "get_absolute_url"), (Unsaved(), "slug")])
def test_a_missing_address_is_reported_with_its_cause(obj: object, missing: str) -> None:
    class Articles(Source, abstract=True):
        pass

    with pytest.raises(ImproperlyConfigured, match=f"'{missing}'.* Define url") as raised:
        Articles().url(obj)
    assert isinstance(raised.value.__cause__, AttributeError)


def test_only_addresses_that_are_safe_to_link_are_stored() -> None:
    for url in ("javascript:alert(1)", "data:text/html,x", "articles/1", "", "/" + "x" * 3000):
        stored = store(Document(url=url, key="k", text="Text", format="plain"), "test")
        assert stored.outcome is Outcome.FAILED
    assert not Page.objects.exists()


def test_text_that_databases_can_not_store_is_cleaned() -> None:
    store(Document(url="/x/", title="a\0b\ud800", text="nul \0 and \ud800 half"), "test")
    assert Passage.objects.get().text == "nul and ? half"


@pytest.mark.long
def test_a_large_queryset_is_streamed() -> None:
    alive: WeakSet[Any] = WeakSet()
    max_alive = 0

    class Articles(Groups):
        def document(self, obj: Any) -> Document:
            nonlocal max_alive
            alive.add(obj)
            max_alive = max(max_alive, len(alive))
            return super().document(obj)

    Group.objects.bulk_create([Group(name=f"Number {n}") for n in range(320)])
    assert index_all().counts[Outcome.ADDED] == 320
    assert max_alive < 300
