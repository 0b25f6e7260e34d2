"""Tests of bots that only use pages of some sources, or below some addresses."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.knowledge import audience, open_page
from sitechat.knowledge.index import embeddings
from sitechat.standin import Standin
from tests.indexed import ANONYMOUS, found, put
from tests.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]

PAGES = {"/docs/5.2/walrus/": "docs", "/docs/6.0/walrus/": "docs", "/blog/walrus/": "blog.Articles"}


@pytest.fixture
def pages() -> None:
    for url, source in PAGES.items():
        put(url, f"The walrus of {url}", source=source)
    put("/docs/5.2/secret/", "Secret walrus", source="docs", audience=[audience.STAFF])


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(
    ("sources", "urls"),
    [
        ((), set(PAGES)),
        (["docs"], {"/docs/5.2/walrus/", "/docs/6.0/walrus/"}),
        (["/docs/5.2/"], {"/docs/5.2/walrus/"}),
        (["blog.Articles", "/docs/6.0/"], {"/blog/walrus/", "/docs/6.0/walrus/"}),
        (["nothing"], set()),
        (["/docs/%"], set()),
    ],
)
def test_a_search_can_be_limited_to_sources(sources: Sequence[str], urls: set[str]) -> None:
    assert set(found("walrus", sources=sources)) == urls
    assert set(found("walrus", sources=sources, page_url="/blog/walrus/")) == urls
    opened = {url for url in PAGES if open_page(url, user=ANONYMOUS, sources=sources)}
    assert opened == urls


@pytest.mark.usefixtures("pages")
def test_vectors_are_limited_to_the_same_sources(settings: Settings) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    list(embeddings.embed_missing())
    assert found("something else", sources=["blog.Articles"]) == ["/blog/walrus/"]


def embed(texts: list[str]) -> list[list[float]]:
    return [[1.0, float(len(text))] for text in texts]


class BlogBot(Chatbot):
    sources = ["/blog/"]


@pytest.mark.usefixtures("pages")
def test_a_bot_uses_only_its_own_pages(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "blog": f"{__name__}.BlogBot"}
    visitor.ask("What is said of the walrus?", bot="blog")
    asked = str(claude_standin.requests[-1])
    assert "/blog/walrus/" in asked
    assert "/docs/" not in asked
