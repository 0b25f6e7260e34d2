"""Tests of reading the visitor's page if it is not indexed."""

from __future__ import annotations

import threading

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from pytest_django import Settings

from sitechat.knowledge.index.indexing import index_all
from sitechat.knowledge.searching import Query, read_page, visited
from sitechat.models import Page
from sitechat.standin import Standin
from tests.rendered import Answer, put_pages, redirect
from tests.visitor import Visitor
from tests.waiting import until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]

ADDRESS = "192.0.2.0/24"
asked: list[str] = []
released = threading.Event()


def _page(request: HttpRequest, slug: str = "") -> HttpResponse:
    asked.append(request.get_full_path())
    return HttpResponse(
        f"<title>{slug}</title><main>The {slug} costs 12 euros.</main>"
        f"{request.session.session_key or ''}",
        status=403 if slug == "private" else 200,
        headers={"X-Robots-Tag": "noindex"} if slug == "hidden" else {},
    )


def _slow_page(request: HttpRequest, slug: str) -> HttpResponse:
    released.wait(10)
    return _page(request, slug)


urlpatterns = [
    path("api/", include("sitechat.urls")),
    path("robots.txt", lambda request: HttpResponse("User-agent: *\nDisallow: /shop/secret/")),
    path("shop/<slug:slug>/", _page),
    path("slow/<slug:slug>/", _slow_page),
    path("cart/remove/<slug:slug>/", _page),
]


@pytest.fixture(autouse=True)
def _shop(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    asked.clear()
    visited.recent().clear()


def test_a_page_is_read_at_the_address_that_runserver_shows(settings: Settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    assert texts("http://127.0.0.1:8000/shop/kettle/")


@pytest.mark.django_db(transaction=True)
def test_the_next_question_finds_a_page_that_took_too_long() -> None:
    released.clear()
    assert texts("/slow/kettle/") == []
    released.set()
    until(lambda: any(reading for _, reading in visited.recent().values()))
    assert texts("/slow/kettle/") == ["The kettle costs 12 euros."]
    assert asked == ["/slow/kettle/"]


def texts(url: str, address: str = ADDRESS) -> list[str]:
    return [found.text for found in read_page(Query("What does it cost?", page_url=url), address)]


@pytest.mark.parametrize(
    "url", ["/shop/kettle/", "https://testserver/shop/kettle/", "/shop/kettle/#price"]
)
def test_a_public_page_is_read(url: str) -> None:
    (found,) = read_page(Query("What does it cost?", page_url=url), ADDRESS)
    assert (found.title, found.url, found.text) == (
        "kettle",
        "/shop/kettle/",
        "The kettle costs 12 euros.",
    )
    assert not Page.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        *("/shop/kettle/?add=1", "https://elsewhere.example/shop/kettle/", "/missing/", "", "x"),
        *("/api/chat/", "/cart/remove/kettle/", "//elsewhere.example/", "javascript:x"),
        "/shop/secret/",
    ],
)
def test_a_visitor_can_not_cause_other_requests(url: str) -> None:
    assert texts(url) == []
    assert asked == []


@pytest.mark.parametrize("url", ["/shop/private/", "/shop/hidden/"])
def test_pages_that_are_not_public_are_not_read(url: str) -> None:
    assert texts(url) == []


def test_a_page_is_cached_and_reads_of_an_address_are_limited() -> None:
    for _ in range(3):
        assert texts("/shop/kettle/")
    assert asked == ["/shop/kettle/"]
    for number in range(1, visited.LIMIT):
        assert texts(f"/shop/pot-{number}/")
    assert texts("/shop/other/") == []
    assert len(asked) == visited.LIMIT


def test_a_page_that_is_indexed_is_not_read(settings: Settings, answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/moved/")
    index_all()
    answers["/moved/"] = redirect("https://elsewhere.example/")
    assert texts("/a/") == []
    assert texts("/moved/") == []


def test_its_passages_are_sent_with_the_question(visitor: Visitor, claude_standin: Standin) -> None:
    visitor.ask("What does it cost?", page={"url": "/shop/kettle/", "title": "Kettle"})
    assert "The kettle costs 12 euros." in str(claude_standin.requests[-1])
    assert "tools" not in str(claude_standin.requests[-1].body)
