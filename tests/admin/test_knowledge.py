"""Tests of the admin's knowledge page: the state of the index, and trying a question."""

from __future__ import annotations

import shutil
from contextlib import nullcontext

import pytest
from django.test import Client
from pytest_django import Settings

import sitechat
from sitechat.conversations import site_passages
from sitechat.knowledge import index
from sitechat.knowledge.index import embeddings, index_files, index_folder, vector_files
from sitechat.knowledge.searching import Query
from sitechat.models import IndexState, Page
from tests.indexed import PAGES, ask, index_in_use, page_of, put, put_shop, without_fts5

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]


class Silent(sitechat.Chatbot):
    """A bot that does not use the site's pages."""

    search = False


def embed(texts: list[str]) -> list[list[float]]:
    return [[1.0, float(len(text))] for text in texts]


@pytest.fixture
def shop() -> None:
    put_shop()


# The state


def test_the_state_tells_what_is_indexed_when_and_how_much(owner: Client, shop: None) -> None:
    put("/gone/", "", problem="HTTP 500", source="shop.Others")
    response = owner.get(PAGES)
    knowledge = response.context["knowledge"]
    assert (knowledge.pages, knowledge.passages, knowledge.failed) == (3, 3, 1)
    assert knowledge.words == sum(Page.objects.values_list("words", flat=True))
    assert knowledge.bytes > 0
    assert knowledge.changed == IndexState.objects.get().changed
    rows = [(row.source, row.pages, row.failed) for row in knowledge.sources]
    assert rows == [("shop.Others", 0, 1), ("shop.Pages", 3, 0)]
    assert knowledge.sources[1].newest == max(
        moment for moment in Page.objects.values_list("indexed", flat=True) if moment
    )
    page = response.content.decode()
    assert "Up to date" in page
    assert "Vectors" not in page


def test_vectors_are_told_where_there_is_an_embedder(
    owner: Client, shop: None, settings: Settings
) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    list(embeddings.embed_missing())
    response = owner.get(PAGES)
    assert response.context["knowledge"].vectors == 3
    assert "Vectors" in response.content.decode()


def test_where_nothing_is_indexed_the_command_is_named(owner: Client) -> None:
    page = page_of(owner)
    assert "python manage.py chat_index" in page
    assert "No page has been read yet." in page
    assert "Nothing was found" in page_of(owner, question="Anything?")


def test_where_fts5_is_missing_it_is_said(owner: Client, shop: None) -> None:
    with without_fts5():
        page = page_of(owner)
        assert "sitechat.E010" in page
        assert "Shipping" in page
        assert "Nothing was found" in page_of(owner, question="parcels")


def test_an_index_that_lags_behind_is_told(owner: Client, shop: None) -> None:
    index.refresh()
    put("/new/", "New.")
    with index_in_use():
        assert "Out of date" in page_of(owner)
    assert "Out of date" not in page_of(owner)


@pytest.mark.parametrize("damage", ["bytes", "gone", "vectors"])
def test_a_damaged_index_is_told_and_the_next_look_has_a_new_one(
    owner: Client, shop: None, settings: Settings, damage: str
) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    list(embeddings.embed_missing())
    found = index.refresh()
    assert found is not None
    if damage == "gone":
        shutil.rmtree(found.folder)
    else:
        file = found.folder / (
            index_files.TERMS if damage == "bytes" else vector_files.VECTOR_PASSAGES
        )
        file.write_bytes(b"\xff" * file.stat().st_size)
    # Only another process notices that a file which is still open has changed.
    with index.machine_index.opened.renewed() if damage == "bytes" else nullcontext():
        assert page_of(owner)
        assert "/shipping/" in ask(owner, "parcels")["sent"]
        assert "Up to date" in page_of(owner)


def test_a_search_over_damaged_vectors_does_not_fail(
    owner: Client, shop: None, settings: Settings
) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    list(embeddings.embed_missing())
    found = index.refresh()
    assert found is not None
    (found.folder / vector_files.VECTORS).write_bytes(b"")
    with index.machine_index.opened.renewed():
        assert sitechat.knowledge.search("parcels", user=None) == []
        assert "/shipping/" in ask(owner, "parcels")["sent"]


def test_without_a_folder_for_the_index_the_page_says_so(owner: Client, shop: None) -> None:
    index_folder.folder().parent.chmod(0o777)
    assert "This host has no search index yet" in page_of(owner)
    assert "Nothing was found" in page_of(owner, question="parcels")


# A question to try


def test_a_question_finds_what_goes_along_with_it(owner: Client, shop: None) -> None:
    response = owner.post(PAGES, {"question": "When are parcels delivered?"})
    hit = response.context["sent"][0]
    assert (hit.title, hit.headings, hit.link) == ("Shipping", ["Parcels"], "/shipping/")
    page = response.content.decode()
    assert f"{hit.score:.2f}" in page
    assert "1 passage is sent with the question" in page
    assert f'href="{PAGES}{Page.objects.get(url="/shipping/").pk}/change/"' in page
    assert "When are parcels delivered?</textarea>" in page


def test_it_sees_what_a_visitor_sees_who_is_not_logged_in(owner: Client, shop: None) -> None:
    found = ask(owner, "parcels lost")
    assert found["sent"] == ["/shipping/"]
    assert found["not_sent"] == []


def test_what_is_sent_is_what_the_chat_sends(owner: Client) -> None:
    for n in range(15):
        put(f"/parcel-{n}/", f"Parcel number {n} is {'very ' * n} heavy.", f"Parcel {n}")
    there = index.current()
    assert there is not None
    passages = site_passages.find_passages(
        there,
        Query("Which parcel?", previous="heavy", page_url="/parcel-14/", language="en"),
    )
    found = ask(owner, "Which parcel?", previous="heavy", page="/parcel-14/", language="en")
    assert found["sent"] == [passage.url for passage in passages]
    assert len(found["sent"]) == site_passages.PASSAGES
    assert found["sent"][0] == "/parcel-14/"
    assert len(found["not_sent"]) == 5
    assert not {*found["sent"]} & {*found["not_sent"]}


def test_the_question_before_and_the_language_count(owner: Client, shop: None) -> None:
    assert ask(owner, "How long?")["sent"] == []
    assert ask(owner, "How long?", previous="parcels")["sent"] == ["/shipping/"]
    page = page_of(owner, question="How long?", language="de")
    assert '<option value="de" selected>' in page


def test_a_bot_that_does_not_search_finds_nothing(
    owner: Client, shop: None, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "silent": f"{__name__}.Silent"}
    assert "<option>silent</option>" in page_of(owner)
    assert "does not search the site" in page_of(owner, question="parcels", bot="silent")
    assert ask(owner, "parcels", bot="default")["sent"] == ["/shipping/"]


@pytest.mark.parametrize("question", ["", "  ", "\u200b", "x" * 2001, "nul \0 nul"])
def test_what_the_chat_would_refuse_is_refused_here(
    owner: Client, shop: None, question: str
) -> None:
    assert "The chat would reject this question" in page_of(owner, question=question)


@pytest.mark.parametrize(
    "text",
    [
        *('" OR NEAR(parcels', "parcels AND NOT *", "'; DROP TABLE x; --", "title:parcels^"),
        *("<script>alert(1)</script> parcels", "{{ parcels }}", "\u202eparcels\x07", "x" * 2000),
        *("ü" * 1000, "🎉" * 500, "\\", "%", "parcels\n\nparcels"),
    ],
)
def test_any_text_is_a_question(owner: Client, shop: None, text: str) -> None:
    everywhere = {"previous": text, "page": text, "language": text, "bot": ""}
    page = page_of(owner, question=text, **everywhere)
    assert "<script>alert" not in page
    assert page_of(owner, question="parcels", **{**everywhere, "previous": text * 3})


def test_odd_values_beside_the_question_break_nothing(owner: Client, shop: None) -> None:
    for name in ("previous", "page", "language", "bot"):
        for value in ("\0", "http://[broken", "x" * 5000, "\ud800".encode("utf-8", "replace")):
            assert owner.post(PAGES, {"question": "parcels", name: value}).status_code == 200
