"""Tests of semantic search with a site's own embedder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from sitechat.checks.knowledge import check_embedder
from sitechat.knowledge import audience, index
from sitechat.knowledge.index import embeddings, question_vectors
from sitechat.knowledge.index.building import build
from sitechat.knowledge.index.indexing_pace import Pace
from sitechat.knowledge.index.page_queries import remove
from sitechat.knowledge.searching import Query, search_index, vector_scores
from sitechat.models import Passage
from tests.indexed import found, put
from tests.interleave import after_query
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]

TOPICS = ("ship parcel deliver post courier", "pay money card invoice price", "job cook soup hire")


calls: list[int] = []


def embed(texts: list[str]) -> list[list[float]]:
    """An embedder that distinguishes three topics."""
    calls.append(len(texts))
    return [
        [0.01, *(float(sum(word in text.lower() for word in topic.split())) for topic in TOPICS)]
        for text in texts
    ]


@pytest.fixture
def embedder(settings: Settings) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    calls.clear()


def test_vectors_find_pages_that_share_no_word_with_the_question(
    help_pages: None, embedder: None
) -> None:
    assert found("courier price") == []
    assert sum(embeddings.embed_missing()) == 4
    assert found("courier")[0] == "/shipping/"
    assert found("price", previous="courier")[0] == "/payment/"
    assert index.status()["vectors"] == 4


def test_only_new_passages_are_embedded(help_pages: None, embedder: None) -> None:
    assert sum(embeddings.embed_missing()) == 4
    assert sum(embeddings.embed_missing()) == 0
    put("/shipping/", "New text.\n\n## Parcels\n\nWe deliver parcels within three days.", "S")
    assert sum(embeddings.embed_missing()) == 1
    assert found("hire")[0] == "/jobs/"


def test_a_page_saved_during_a_build_is_added_by_the_next_update(
    help_pages: None, embedder: None
) -> None:
    put("/de/", "Wir kochen Suppe", language="de")
    list(embeddings.embed_missing())

    def reads_passages(sql: str) -> bool:
        return sql.startswith("SELECT") and "sitechat_pagesnapshot" in sql

    def save() -> None:
        put("/new/", "A courier brings it")
        list(embeddings.embed_missing())

    with after_query(reads_passages, save):
        built = index.refresh()
    assert built is not None
    hits = search_index(built, Query("courier", language="en"), 10)
    assert hits[0].url == "/shipping/"
    assert found("courier")[0] == "/new/"


def test_vectors_are_updated_in_place(help_pages: None, embedder: None) -> None:
    list(embeddings.embed_missing())
    first = index.refresh()
    put("/shipping/", "We cook soup.", "Shipping")
    remove("shop.Pages", "/payment/")
    list(embeddings.embed_missing())
    assert "/payment/" not in found("price")
    assert set(found("hire")[:2]) == {"/shipping/", "/jobs/"}
    second = index.refresh()
    assert first is not None
    assert second is not None
    assert second.folder == first.folder
    assert index.status()["vectors"] == 3


class Watch(Pace):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.sizes: set[int] = set()

    def __call__(self) -> None:
        if self.file.exists():
            self.sizes.add(self.file.stat().st_size)


def test_a_new_index_gets_its_vectors_in_pieces(embedder: None, tmp_path: Path) -> None:
    for number in range(110):
        put(f"/{number}/", f"A courier brings parcel {number}")
    list(embeddings.embed_missing())
    watch = Watch(tmp_path / "vectors.f32.new")
    build(tmp_path, "state", watch)
    vector = (tmp_path / "vectors.f32").stat().st_size // 110
    assert {number // vector for number in watch.sizes} == {0, 50, 100}, "not all at the end"


def test_with_many_vectors_only_passages_with_the_words_are_compared(
    help_pages: None, embedder: None, smaller: Smaller
) -> None:
    list(embeddings.embed_missing())
    smaller(vector_scores, MAX_SCANNED=0)
    assert found("courier") == []
    assert set(found("send deliver courier")) == {"/shipping/", "/returns/", "/jobs/"}
    assert found("send deliver courier")[0] == "/shipping/"


def test_users_without_permission_do_not_find_a_page_by_its_vector(embedder: None) -> None:
    put("/a/", "We deliver parcels", audience=[audience.STAFF])
    put("/b/", "We hire a cook")
    list(embeddings.embed_missing())
    assert found("courier") == ["/b/"]


@pytest.mark.parametrize("result", [[], [[]], [["x"]], None, [[float("nan")] * 4], [[1.0], [1.0]]])
def test_if_an_embedder_fails_search_uses_words(
    help_pages: None, embedder: None, monkeypatch: pytest.MonkeyPatch, result: Any
) -> None:
    list(embeddings.embed_missing())
    assert index.refresh() is not None
    monkeypatch.setattr(f"{__name__}.embed", lambda texts: result)
    assert found("parcels")[0] == "/shipping/"


def test_an_embedder_that_failed_is_not_called_for_a_minute(
    help_pages: None,
    embedder: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    list(embeddings.embed_missing())
    asked: list[int] = []

    def broken(texts: list[str]) -> list[list[float]]:
        asked.append(1)
        raise TimeoutError

    monkeypatch.setattr(f"{__name__}.embed", broken)
    assert found("parcels")[0] == found("parcels")[0] == "/shipping/"
    assert len(asked) == len(caplog.records) == 1
    monkeypatch.undo()
    assert found("courier")[0] == "/shipping/"


@pytest.fixture
def released(smaller: Smaller) -> Iterator[threading.Event]:
    """Let questions wait only briefly, and return the event that a hanging embedder waits for."""
    smaller(question_vectors, EMBEDDING_SECONDS=0.05)
    event = threading.Event()
    with question_vectors.state.renewed(), question_vectors.threads.renewed():
        yield event
        event.set()
        assert question_vectors.threads().wait(60)


def test_searches_do_not_wait_for_an_embedder_that_hangs(
    help_pages: None,
    embedder: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    released: threading.Event,
) -> None:
    list(embeddings.embed_missing())
    assert index.refresh() is not None

    def hanging(texts: list[str]) -> list[list[float]]:
        released.wait(60)
        raise ValueError

    monkeypatch.setattr(f"{__name__}.embed", hanging)
    assert found("parcels")[0] == found("parcels")[0] == "/shipping/"
    assert len(caplog.records) == 1
    released.set()
    assert question_vectors.threads().wait(60)
    assert found("courier") == [], "it is not called for a minute"


def test_an_embedder_that_was_late_once_because_it_loaded_a_model_is_called_again(
    help_pages: None,
    embedder: None,
    monkeypatch: pytest.MonkeyPatch,
    smaller: Smaller,
    released: threading.Event,
) -> None:
    list(embeddings.embed_missing())
    assert index.refresh() is not None

    def loading(texts: list[str]) -> list[list[float]]:
        released.wait(60)
        return quick(texts)

    quick = embed
    monkeypatch.setattr(f"{__name__}.embed", loading)
    assert found("courier") == []
    released.set()
    assert question_vectors.threads().wait(60)
    assert question_vectors.state().failed is None


def test_a_failing_embedder_is_reported_and_the_pages_are_indexed(
    help_pages: None,
    embedder: None,
    no_sources: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(texts: list[str]) -> list[list[float]]:
        raise TimeoutError("no answer")

    monkeypatch.setattr(f"{__name__}.embed", broken)
    errors = StringIO()
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", "/nowhere/", stderr=errors, stdout=StringIO())
    assert "CHAT_EMBEDDER: TimeoutError: no answer" in errors.getvalue()
    assert found("parcels")[0] == "/shipping/"


def test_another_embedder_gets_its_own_vectors(
    help_pages: None, embedder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(embeddings.embed_missing())
    first = set(Passage.objects.values_list("embedder", flat=True))
    monkeypatch.setattr(f"{__name__}.embed", lambda texts: [[1.0, 0.0]] * len(texts))
    assert sum(embeddings.embed_missing()) == 4
    assert set(Passage.objects.values_list("embedder", flat=True)).isdisjoint(first)
    assert index.refresh() is not None
    assert found("parcels")[0] == "/shipping/"


def test_checks_report_problems_of_the_embedder(settings: Settings) -> None:
    assert list(check_embedder()) == []
    settings.CHAT_EMBEDDER = "nowhere.embed"
    assert [problem.id for problem in check_embedder()] == ["sitechat.E011"]
    settings.CHAT_EMBEDDER = f"{__name__}.TOPICS"
    assert [problem.id for problem in check_embedder()] == ["sitechat.E011"]


class Asymmetric:
    """An embedder whose questions about "red" are near passages about "blue"."""

    weight = 1.0

    def __call__(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] if "blue" in text else [0.0, 1.0] for text in texts]

    def query(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] if "red" in text else [0.0, 1.0] for text in texts]


asymmetric = Asymmetric()


def test_an_embedder_may_treat_questions_differently(
    index_folder: None, settings: Settings
) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.asymmetric"
    put("/a/", "Something blue")
    put("/b/", "Something green, and the word red")
    list(embeddings.embed_missing())
    assert found("red")[0] == "/a/"


def test_the_plan_is_shown_before_embedding(help_pages: None, embedder: None) -> None:
    estimate = embeddings.estimate()
    assert estimate is not None
    assert (estimate.passages, str(estimate)) == (4, "4 passages to embed: about 1 s and 0.0 MB")
    list(embeddings.embed_missing())
    assert embeddings.estimate() is None
    assert str(embeddings.EmbeddingEstimate(120_000, 7200, 368.6)) == (
        "120,000 passages to embed: about 2.0 h and 368.6 MB"
    )
