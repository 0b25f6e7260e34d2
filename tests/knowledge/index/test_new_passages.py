"""Tests of pages that are published: their vectors, and how they are found without them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from sitechat.knowledge.index import embeddings, new_passage_embedding
from sitechat.knowledge.index.indexing_run import declared_sources, index_all, read_again
from sitechat.knowledge.sources import SitemapSource
from sitechat.models import Passage
from tests.indexed import found, put
from tests.rendered import Answer, put_pages
from tests.smaller import Smaller

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources", "embedder"),
]

TOPICS = (("parcel", "courier"), ("invoice", "price"), ("soup", "cook"))

is_released = threading.Event()


def embed(texts: list[str]) -> list[list[float]]:
    """An embedder that distinguishes three topics. With "hang" in a text, it waits."""
    if any("hang" in text for text in texts):
        is_released.wait(60)
    if any("fail" in text for text in texts):
        raise ZeroDivisionError
    return [
        [0.01, *(float(any(word in text.lower() for word in topic)) for topic in TOPICS)]
        for text in texts
    ]


@pytest.fixture
def embedder(settings: Settings) -> Iterator[None]:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    is_released.clear()
    yield
    is_released.set()
    assert new_passage_embedding.passage_threads().wait(60)


@pytest.fixture
def pages(embedder: None, answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/b/")
    answers["/a/"] = "<main>An invoice for everybody</main>"
    answers["/b/"] = "<main>We cook at noon</main>"
    index_all()


def publish(*urls: str) -> None:
    (source,) = declared_sources()
    assert isinstance(source, SitemapSource)
    read_again(source, [f"http://testserver{url}" for url in urls], 10)


def embedded() -> int:
    return Passage.objects.exclude(embedder="").count()


@pytest.mark.usefixtures("pages")
def test_a_published_page_is_found_by_its_meaning(answers: dict[str, Answer]) -> None:
    answers["/b/"] = "<main>The parcel is here</main>"
    publish("/a/", "/b/")
    assert embedded() == 2
    assert found("courier")[0] == "/b/"


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("word", ["hang", "fail"])
def test_an_editor_does_not_wait_for_a_broken_embedder(
    answers: dict[str, Answer], smaller: Smaller, caplog: pytest.LogCaptureFixture, word: str
) -> None:
    smaller(new_passage_embedding, MAX_SECONDS=0.1)
    answers["/b/"] = f"<main>Parcels {word} here</main>"
    publish("/b/")
    assert embedded() == 1
    assert "chat_index will embed them" in caplog.text
    assert found("parcels")[0] == "/b/"


@pytest.mark.usefixtures("pages")
def test_an_editor_does_not_wait_for_many_passages(
    answers: dict[str, Answer], smaller: Smaller
) -> None:
    smaller(embeddings, BATCH=2)
    parts = "".join(f"<h2>Part {n}</h2><p>{f'Text {n} of it. ' * 60}" for n in range(8))
    answers["/b/"] = f"<main>{parts}</main>"
    publish("/b/")
    assert Passage.objects.filter(page__url="/b/").count() > 4
    assert embedded() == 1 + 2 * new_passage_embedding.MAX_BATCHES


def test_a_page_without_vectors_is_found_by_its_words() -> None:
    for number in range(5):
        put(f"/{number}/", f"The price of thing number {number}")
        put(f"/soup/{number}/", f"We cook number {number}")
    list(embeddings.embed_missing())
    assert found("invoice for a walrus")[0] == "/0/"
    put("/new/", "All about the walrus and what it costs")
    assert found("invoice for a walrus")[:2] == ["/new/", "/0/"]
