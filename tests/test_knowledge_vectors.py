"""Searching by what texts mean, with an embedder that the site brings."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.knowledge import audience, building, embeddings, index
from sitechat.knowledge.checks import check_embedder
from sitechat.knowledge.models import Passage
from sitechat.knowledge.searching import look
from tests.indexed import found, put

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]

TOPICS = ("ship parcel deliver post courier", "pay money card invoice price", "job cook soup hire")


calls: list[int] = []


def embed(texts: list[str]) -> list[list[float]]:
    """A model that knows three topics."""
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


def test_vectors_find_what_shares_no_word_with_the_question(
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


def test_a_page_that_is_saved_while_the_index_is_built_waits_for_the_next(
    help_pages: None, embedder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("/de/", "Wir kochen Suppe", language="de")
    list(embeddings.embed_missing())
    write_vectors = building._write_vectors

    def save_and_write(*arguments: Any) -> None:
        put("/new/", "A courier brings it")
        list(embeddings.embed_missing())
        write_vectors(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(building, "_write_vectors", save_and_write)
        built = index.refresh()
    assert built is not None
    hits = look(built, "courier", user=None, previous="", page_url="", language="en", limit=10)
    assert hits[0].url == "/shipping/"
    assert found("courier")[0] == "/new/"


def test_who_may_not_see_a_page_does_not_find_it_by_its_vector(embedder: None) -> None:
    put("/a/", "We deliver parcels", audience=[audience.STAFF])
    put("/b/", "We hire a cook")
    list(embeddings.embed_missing())
    assert found("courier") == ["/b/"]


@pytest.mark.parametrize("result", [[], [[]], [["x"]], None, [[float("nan")] * 4], [[1.0], [1.0]]])
def test_an_embedder_that_fails_leaves_search_by_words(
    help_pages: None, embedder: None, monkeypatch: pytest.MonkeyPatch, result: Any
) -> None:
    list(embeddings.embed_missing())
    assert index.refresh() is not None
    monkeypatch.setattr(f"{__name__}.embed", lambda texts: result)
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


def test_checks_say_what_is_wrong_with_the_embedder(settings: Settings) -> None:
    assert list(check_embedder()) == []
    settings.CHAT_EMBEDDER = "nowhere.embed"
    assert [problem.id for problem in check_embedder()] == ["sitechat.E011"]
    settings.CHAT_EMBEDDER = f"{__name__}.TOPICS"
    assert [problem.id for problem in check_embedder()] == ["sitechat.E011"]
