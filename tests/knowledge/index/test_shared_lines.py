"""Tests of lines that most documents share: in files, and after runs that did not end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sitechat.knowledge import FileSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.sources import Document
from sitechat.models import Page, Passage, SourceFrame

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]

COUNT = 6


def write(folder: Path, number: int, text: str) -> None:
    (folder / f"{number}.html").write_text(
        f"<html lang=en><head><title>Animal {number} | Zoo</title></head><body><main>"
        f"<h1>Animal {number}</h1><p>{text}</p><p>Edit this page</p><p>Back to top</p>"
        "</main></body></html>"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(COUNT):
        write(tmp_path, number, f"Text {number}")
    return tmp_path


class Failing(FileSource, abstract=True):
    """A source that fails after a number of files."""

    fails_after = COUNT

    def documents(self) -> Iterator[Document]:
        for number, document in enumerate(super().documents()):
            if number == self.fails_after:
                raise OSError("disk")
            yield document


def declare(folder: Path) -> type[Failing]:
    class Manual(Failing):
        path = folder

    return Manual


def stored() -> dict[str, tuple[str, list[str]]]:
    return {
        page.title: (page.url, [passage.text for passage in page.passages.all()])
        for page in Page.objects.order_by("pk")
    }


def expected(texts: dict[int, str]) -> dict[str, tuple[str, list[str]]]:
    return {f"Animal {number}": (f"/{number}/", [text]) for number, text in texts.items()}


TEXTS = {number: f"Text {number}" for number in range(COUNT)}


def test_lines_that_most_files_share_are_removed(folder: Path) -> None:
    declare(folder)
    for _ in range(2):
        index_all()
        assert stored() == expected(TEXTS)


def test_files_of_an_earlier_version_lose_their_shared_lines(folder: Path) -> None:
    declare(folder)
    index_all()
    SourceFrame.objects.update(lines=[])
    for passage in Passage.objects.all():  # as an earlier version stored them
        Passage.objects.filter(pk=passage.pk).update(
            text=f"{passage.text}\nEdit this page\nBack to top"
        )
    index_all()
    assert stored() == expected(TEXTS)


def test_texts_without_a_title_of_their_own_keep_lines_in_common(tmp_path: Path) -> None:
    for number in range(COUNT):
        (tmp_path / f"{number}.md").write_text(f"# Animal {number}\n\nSee also\n\nText {number}")
    declare(tmp_path)
    index_all()
    assert stored()["Animal 1"][1] == ["See also\nText 1"]


def test_a_changed_file_keeps_the_vectors_of_its_other_passages(folder: Path) -> None:
    long = "".join(f"<p>{f'word{n} ' * 200}</p>" for n in range(2))
    write(folder, 1, long)
    declare(folder)
    index_all()
    Passage.objects.update(vector=b"1", embedder="one")
    write(folder, 1, long.replace("word0", "else"))
    index_all()
    vectors = Passage.objects.filter(page__url="/1/").order_by("number")
    assert [vector is None for vector in vectors.values_list("vector", flat=True)] == [True, False]


def test_a_run_that_failed_leaves_no_shared_text(folder: Path) -> None:
    source = declare(folder)
    index_all()
    write(folder, 1, "New text")
    source.fails_after = 4
    report = index_all()
    assert "stopped after 4 pages" in report.problems[0][1]
    assert stored() == expected({**TEXTS, 1: "New text"})


def test_a_run_that_was_killed_leaves_no_shared_text(folder: Path) -> None:
    declare(folder)
    index_all()
    write(folder, 1, "New text")

    def stop(label: str, done: int, total: int | None) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_all(stop)
    assert stored() == expected({**TEXTS, 1: "New text"})
    index_all()
    assert stored() == expected({**TEXTS, 1: "New text"})


def test_the_first_run_fails_and_the_second_removes_shared_text(folder: Path) -> None:
    source = declare(folder)
    source.fails_after = 3
    index_all()
    assert Page.objects.count() == 3
    source.fails_after = COUNT
    index_all()
    assert stored() == expected(TEXTS)
