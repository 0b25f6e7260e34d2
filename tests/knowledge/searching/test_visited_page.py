"""Tests of reading the visitor's page if it is not indexed."""

from __future__ import annotations

import threading

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, set_script_prefix
from pytest_django import Settings

from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.searching import Query, read_page, visited_page
from sitechat.knowledge.sources import threaded_rendering
from sitechat.models import Page
from sitechat.standin import Standin
from tests.rendered import Answer, put_pages, redirect
from tests.smaller import Smaller
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


def _catch_all(request: HttpRequest, page: str) -> HttpResponse:
    if page.startswith("missing"):
        return HttpResponse(status=404)
    asked.append(request.get_full_path())
    return HttpResponse(f"<main>The page {page}</main>")


urlpatterns = [
    path("api/", include("sitechat.urls")),
    path("robots.txt", lambda request: HttpResponse("User-agent: *\nDisallow: /shop/secret/")),
    path("shop/<slug:slug>/", _page),
    path("slow/<slug:slug>/", _slow_page),
    path("cart/remove/<slug:slug>/", _page),
    path("admin/", include(([path("jobs/run/", _page)], "admin"))),
    path("accounts/logout/", _page),
    path("go/", redirect("/accounts/logout/?all=1")),
    path("go/on/", redirect("/shop/kettle/")),
    path("go/query/", redirect("/shop/kettle/?buy=1")),
    path("go/encoded/", redirect("/shop/kettle/../../%61dmin/jobs/run/")),
    path("go/secret/", redirect("/shop/secret/")),
    path("<path:page>", _catch_all),
]


@pytest.fixture(autouse=True)
def _shop(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    asked.clear()
    visited_page.recent().clear()


def test_a_page_is_read_at_the_address_that_runserver_shows(settings: Settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    assert texts("http://127.0.0.1:8000/shop/kettle/")


@pytest.mark.django_db(transaction=True)
def test_the_next_question_finds_a_page_that_took_too_long() -> None:
    released.clear()
    assert texts("/slow/kettle/") == []
    released.set()
    until(lambda: any(reading for _, reading in visited_page.recent().values()))
    assert texts("/slow/kettle/") == ["The kettle costs 12 euros."]
    assert asked == ["/slow/kettle/"]


@pytest.mark.django_db(transaction=True)
def test_a_page_that_was_left_out_is_read_for_the_next_question() -> None:
    with threaded_rendering.visits.renewed():
        go_on, started = threading.Event(), threading.Barrier(threaded_rendering.THREADS + 1)

        def hang() -> None:
            started.wait(60)
            go_on.wait(60)

        for _ in range(threaded_rendering.THREADS):
            threaded_rendering.later(threaded_rendering.visits(), hang)
        started.wait(60)
        assert texts("/shop/kettle/") == []
        go_on.set()
        assert threaded_rendering.visits().wait(60)
        assert texts("/shop/kettle/") == ["The kettle costs 12 euros."]


def test_only_so_many_pages_are_kept(smaller: Smaller) -> None:
    smaller(visited_page, MAX_CACHED=2)
    for number in range(4):
        assert texts(f"/shop/pot-{number}/")
    assert len(visited_page.recent()) == 2


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
        *("/shop/kettle/?add=1", "https://elsewhere.example/shop/kettle/", "/missing/", ""),
        *("/api/chat/", "/cart/remove/kettle/", "//elsewhere.example/", "javascript:x"),
        *("/shop/secret/", "/go/", "/go/query/", "/go/encoded/", "/go/secret/"),
        *("/admin/jobs/run/", "/%61dmin/jobs/run/", "/accounts/%6Cogout/", "/%61pi/chat/"),
        *("/%2561dmin/jobs/run/", "/x/%2e%2e/admin/jobs/run/", "/cart/%72emove/kettle/"),
        *("/%2Fadmin/jobs/run/", "/x%5C..%5Cadmin/", "/admin%FF/", "/shop%2Fkettle/%3Fbuy=1"),
    ],
)
def test_a_visitor_can_not_cause_other_requests(url: str) -> None:
    assert texts(url) == []
    assert asked == []


def test_redirects_to_pages_are_followed() -> None:
    assert texts("/go/on/") == ["The kettle costs 12 euros."]


def test_addresses_with_encoded_letters_are_read() -> None:
    assert texts("/caf%C3%A9/100%25/") == ["The page café/100%/"]


@pytest.mark.django_db(transaction=True)
def test_a_page_below_a_script_name_is_read_where_it_is() -> None:
    set_script_prefix("/site/")
    try:
        assert texts("/site/shop/kettle/") == ["The kettle costs 12 euros."]
        assert texts("/shop/kettle/") == []
    finally:
        set_script_prefix("/")
    assert asked == ["/site/shop/kettle/"]


@pytest.mark.parametrize("url", ["/shop/private/", "/shop/hidden/"])
def test_pages_that_are_not_public_are_not_read(url: str) -> None:
    assert texts(url) == []


def test_a_page_is_cached_and_reads_of_an_address_are_limited() -> None:
    for _ in range(3):
        assert texts("/shop/kettle/")
    assert asked == ["/shop/kettle/"]
    # A new period may start meanwhile.
    numbers = range(1, 2 * visited_page.MAX_PAGES_PER_ADDRESS + 1)
    refused = next(number for number in numbers if not texts(f"/shop/pot-{number}/"))
    assert refused >= visited_page.MAX_PAGES_PER_ADDRESS
    assert len(asked) == refused


def test_a_page_that_is_indexed_is_not_read(settings: Settings, answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/moved/")
    index_all()
    answers["/moved/"] = redirect("https://elsewhere.example/")
    assert texts("/a/") == []
    assert texts("/moved/") == []


def test_a_cache_that_is_down_does_not_prevent_answers(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.caches.UnreachableCache"}}
    claude_standin.script("Hello!")
    assert visitor.ask("What does it cost?", page={"url": "/shop/kettle/", "title": "Kettle"})
    assert asked == []


def test_its_passages_are_sent_with_the_question(visitor: Visitor, claude_standin: Standin) -> None:
    visitor.ask("What does it cost?", page={"url": "/shop/kettle/", "title": "Kettle"})
    assert "The kettle costs 12 euros." in str(claude_standin.requests[-1])
    assert "tools" not in str(claude_standin.requests[-1].body)
