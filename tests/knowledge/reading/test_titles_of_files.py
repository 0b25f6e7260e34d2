"""Tests of titles whose shared part is removed: files, and pages that are named to `chat_index`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import QuerySet

from sitechat.knowledge import FileSource
from sitechat.knowledge.index.indexing_run import index_all, index_pages
from sitechat.knowledge.index.page_queries import known_validators
from sitechat.knowledge.index.saved_objects import index_objects
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.searching.recheck import hide_unpublished
from sitechat.models import IndexState, Page, PageSnapshot, Passage
from tests.indexed import Groups, known_urls
from tests.rendered import Answer

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]

NAMES = ("Install", "Usage", "Support", "Support")


def page(title: str, heading: str, text: str) -> str:
    return (
        f"<html lang=en><head><title>{title}</title></head><body><main><h1>{heading}</h1>"
        f"<p>{text}</p></main></body></html>"
    )


def write(folder: Path) -> None:
    for number, name in enumerate(NAMES):
        text = page(f"{name} \u2014 Borg 1.2 documentation", f"{name} {number}", f"Text {number}")
        (folder / f"{number}.html").write_text(text)


def declare(folder: Path) -> type[FileSource]:
    class Manual(FileSource):
        path = folder
        prefix = "/manual/"

    return Manual


def titles() -> dict[str, str]:
    return dict(Page.objects.values_list("url", "title"))


SHORT = {
    "/manual/0/": "Install",
    "/manual/1/": "Usage",
    "/manual/2/": "Support 2",
    "/manual/3/": "Support 3",
}


def test_titles_of_files_lose_their_shared_part(tmp_path: Path) -> None:
    write(tmp_path)
    declare(tmp_path)
    index_all()
    assert titles() == SHORT
    assert list(Passage.objects.filter(page__url="/manual/2/").values_list("headings", "text")) == [
        ([], "Text 2")
    ]


def test_a_further_run_writes_only_the_file_that_changed(tmp_path: Path) -> None:
    write(tmp_path)
    declare(tmp_path)
    index_all()
    Passage.objects.update(vector=b"1", embedder="one")
    state, stamps = IndexState.objects.get(), dict(Page.objects.values_list("url", "stamp"))
    index_all()
    assert IndexState.objects.get().stamp == state.stamp
    changed = tmp_path / "1.html"
    changed.write_text(changed.read_text().replace("Text", "New text"))
    index_all()
    assert titles() == SHORT
    now = dict(Page.objects.values_list("url", "stamp"))
    assert {url for url, stamp in now.items() if stamps[url] != stamp} == {"/manual/1/"}
    assert Passage.objects.filter(vector=None).count() == 1


def test_the_other_passages_of_a_changed_page_keep_their_vectors(
    tmp_path: Path, answers: dict[str, Answer]
) -> None:
    write(tmp_path)
    sections = "".join(f"<h2>Part {n}</h2><p>{f'word{n} ' * 200}</p>" for n in range(3))
    text = page("Guide \u2014 Borg 1.2 documentation", "Guide", f"Welcome{sections}")
    (tmp_path / "guide.html").write_text(text)
    declare(tmp_path)
    index_all()
    passages = Passage.objects.filter(page__url="/manual/guide/")
    before = list(passages.values_list("headings", "text"))
    assert before[2][0] == ["Part 2"]
    passages.update(vector=b"1", embedder="one")
    (tmp_path / "guide.html").write_text(text.replace("word2 ", "else "))
    index_all()
    assert [vector is None for vector in passages.values_list("vector", flat=True)] == [
        False, False, True,
    ]  # fmt: skip
    (tmp_path / "guide.html").write_text(text.replace("Guide", "Tour"))
    index_all()
    assert titles()["/manual/guide/"] == "Tour"
    assert list(passages.values_list("headings", "text")) == before


def test_pages_of_an_earlier_version_get_short_titles_without_being_read_as_changed(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    declare(tmp_path)
    index_all()
    PageSnapshot.objects.all().delete()  # as an earlier version stored the files
    Page.objects.filter(url="/manual/1/").update(title="Usage \u2014 Borg 1.2 documentation")
    Passage.objects.update(vector=b"1", embedder="one")
    report = index_all()
    assert report.counts == {Outcome.UNCHANGED: 4}
    assert titles() == SHORT
    assert not Passage.objects.filter(vector=None).exists()


def test_a_file_that_is_replaced_by_another_format_has_the_title_of_the_new_one(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    declare(tmp_path)
    index_all()
    (tmp_path / "1.html").unlink()
    (tmp_path / "1.md").write_text("# How to use it\n\nText")
    index_all()
    assert titles()["/manual/1/"] == "How to use it"
    assert not PageSnapshot.objects.filter(page__url="/manual/1/").exists()


def test_titles_that_are_headings_or_names_of_files_stay(tmp_path: Path) -> None:
    for number, name in enumerate(("Linux", "Windows", "Haiku")):
        (tmp_path / f"{name}.md").write_text(f"# Install: {name}\n\nText {number}")
        (tmp_path / f"page-{name}.html").write_text(
            page(f"Install: {name}", f"Install: {name}", f"Page {number}")
        )
        (tmp_path / f"shop, {name}.txt").write_text(f"Plain {number}")
    write(tmp_path)
    declare(tmp_path)
    index_all()
    found = titles()
    assert {url: found[url] for url in SHORT} == SHORT  # other files do not count
    assert found["/manual/Linux/"] == found["/manual/page-Linux/"] == "Install: Linux"
    assert found["/manual/shop%2C%20Haiku/"] == "Shop, haiku"


def test_titles_that_a_source_gives_stay(tmp_path: Path) -> None:
    write(tmp_path)

    class Articles(Groups):
        def title(self, obj: Group) -> str:
            return f"Article: {obj.name}"

    class Manual(FileSource):
        path = tmp_path

        def title(self, file: Path) -> str:
            return f"Manual: {file.stem}"

    for name in NAMES[:3]:
        Group.objects.create(name=name)
    index_all()
    assert {title.split(" ")[0] for title in titles().values()} == {"Article:", "Manual:"}
    assert len(titles()) == 7


class Texts(Groups, abstract=True):
    """A source of whole pages, which have their own titles."""

    format = "page"

    def queryset(self) -> QuerySet[Any]:
        return Group.objects.all()

    def title(self, obj: Group) -> str:
        return ""

    def text(self, obj: Group) -> str:
        return page(f"{obj.name} | Zoo", f"All about {obj.name}", f"A {obj.name} swims")


def test_a_saved_object_gets_a_short_title_at_once() -> None:
    class Animals(Texts):
        pass

    for name in ("Walrus", "Seal", "Otter"):
        Group.objects.create(name=name)
    index_all()
    assert set(titles().values()) == {"Walrus", "Seal", "Otter"}
    group = Group.objects.get(name="Otter")
    group.name = "Whale"
    group.save()
    index_objects([(Animals, str(group.pk))])
    assert set(titles().values()) == {"Walrus", "Seal", "Whale"}


def test_files_are_not_requested_from_the_site(tmp_path: Path, answers: dict[str, Answer]) -> None:
    write(tmp_path)
    source = declare(tmp_path)
    index_all()
    pages = list(Page.objects.select_related("snapshot"))
    assert hide_unpublished(pages, "/") == set()  # the site has no page at their addresses
    assert len(known_urls()) == 4
    assert known_validators(source.label) == {}


def test_pages_that_are_named_lose_the_shared_part_at_once(answers: dict[str, Answer]) -> None:
    urls = [f"/{number}/" for number in range(3)]
    for number, url in enumerate(urls):
        answers[url] = page(f"Animal {number} | Zoo", f"About {number}", f"Text {number}")
    index_pages(urls)
    assert set(titles().values()) == {"Animal 0", "Animal 1", "Animal 2"}


def test_a_page_that_is_named_and_a_file_of_a_source_stays_a_file(
    tmp_path: Path, answers: dict[str, Answer]
) -> None:
    write(tmp_path)
    source = declare(tmp_path)
    answers["/manual/1/"] = page("Use \u2014 Borg 1.2 documentation", "Usage 1", "Rendered text")
    index_all()
    index_pages(["/manual/1/"])
    assert titles()["/manual/1/"] == "Use"
    index_all()
    assert titles() == SHORT
    assert not any(one.is_rendered for one in PageSnapshot.objects.all())
    assert not known_validators(source.label)
