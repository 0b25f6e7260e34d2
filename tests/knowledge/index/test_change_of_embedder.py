"""Tests that searches go on while the vectors of another embedder replace those of an index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from sitechat.knowledge.index import Index, embeddings
from sitechat.knowledge.index.building import build, update
from sitechat.knowledge.index.indexing_pace import Pace
from tests.indexed import put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

PAGES = 110


def first(texts: list[str]) -> list[list[float]]:
    return [[1.0, 2.0, 3.0] for _ in texts]


def second(texts: list[str]) -> list[list[float]]:
    return [[1.0, 0.0] for _ in texts]


class Interrupting(Pace):
    """A pace that calls a function between small pieces of work."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self._call = call

    def __call__(self) -> None:
        self._call()


def shape(folder: Path) -> tuple[int, ...]:
    """Return the shape of the vectors that a process sees that opens the index now."""
    vectors = Index(folder).vectors
    assert vectors is not None
    return vectors[0].shape


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Return an index of the first embedder, after the second has embedded all passages."""
    pytest.importorskip("numpy")
    for number in range(PAGES):
        put(f"/{number}/", f"Text {number}")
    settings.CHAT_EMBEDDER = f"{__name__}.first"
    list(embeddings.embed_missing())
    build(tmp_path, "first", Pace())
    settings.CHAT_EMBEDDER = f"{__name__}.second"
    list(embeddings.embed_missing())
    return tmp_path


def test_a_process_that_starts_meanwhile_uses_the_old_vectors(folder: Path) -> None:
    seen: set[tuple[int, ...]] = set()
    update(folder, "second", Interrupting(lambda: seen.add(shape(folder))))
    assert seen == {(PAGES, 3)}
    assert shape(folder) == (PAGES, 2)


def test_an_update_that_was_killed_keeps_the_old_vectors(folder: Path) -> None:
    calls: list[int] = []

    def kill() -> None:
        calls.append(1)
        if len(calls) == PAGES - 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update(folder, "second", Interrupting(kill))
    assert shape(folder) == (PAGES, 3)
    update(folder, "second", Pace())
    assert shape(folder) == (PAGES, 2)
    assert {file.name for file in folder.glob("vector*")} == {"vectors.f32", "vector_passages.i64"}
