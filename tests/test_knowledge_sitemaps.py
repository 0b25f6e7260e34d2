"""From a site's sitemaps to stored pages, by `chat_index`."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import index as sitemap_index
from django.contrib.sitemaps.views import sitemap
from django.core.management import CommandError, call_command
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_page
from pytest_django import Settings

from sitechat.knowledge import SitemapSource
from sitechat.knowledge.indexing import index_all
from sitechat.knowledge.models import IndexState, Page, Passage
from sitechat.knowledge.sitemaps import routed_sitemaps
from sitechat.knowledge.store import Outcome
from tests.indexed import index_problems, known_urls
from tests.rendered import Answer, put_pages, redirect, sitemap_index_of, sitemap_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]

SITE = {
    "/": "<title>Home</title><main><h1>Home</h1><p>Welcome to the shop.</p></main>",
    "/shipping/": "<title>Shipping</title><main><p>We ship parcels everywhere.</p></main>",
    "/secret/": '<meta name="robots" content="noindex"><main>Hidden treasure</main>',
    "/empty/": "<main></main>",
    "/private/plan/": "<main>Disallowed plan</main>",
}
ROBOTS = "User-agent: *\nDisallow: /private/*\n"


class Pages(Sitemap):  # type: ignore[type-arg]
    def items(self) -> list[str]:
        return [
            *SITE, "/", "/raises/", "/moved/", "/loop/", "/away/", "/login-needed/", "/gone/",
            "/huge/", "/endless/", "/pdf/", "/json/", "/noindex-header/",
        ]  # fmt: skip

    def location(self, item: str) -> str:
        return item


def _page(request: HttpRequest) -> HttpResponseBase:
    match request.path:
        case "/raises/":
            raise ValueError("broken view")
        case "/moved/":
            return HttpResponseRedirect("/shipping/")
        case "/loop/":
            return HttpResponseRedirect("/loop/")
        case "/away/":
            return HttpResponseRedirect("https://elsewhere.example/")
        case "/login-needed/":
            return HttpResponseRedirect("/accounts/login/?next=/login-needed/")
        case "/gone/":
            return HttpResponse(status=410)
        case "/huge/":
            return HttpResponse("<p>" + "x" * 6_000_000)
        case "/endless/":
            return StreamingHttpResponse(iter(lambda: b"<p>" + b"more " * 100_000, None))
        case "/pdf/":
            return HttpResponse(b"%PDF-1.4 \x00\xff", content_type="application/pdf")
        case "/json/":
            return HttpResponse("{}", content_type="application/json")
        case "/noindex-header/":
            return HttpResponse("<main>No</main>", headers={"X-Robots-Tag": "noindex"})
        case "/robots.txt":
            return HttpResponse(ROBOTS, content_type="text/plain")
        case "/accounts/login/":
            return HttpResponse("<main>Log in</main>")
    return HttpResponse(SITE[request.path]) if request.path in SITE else HttpResponse(status=404)


_SITEMAPS = {"pages": Pages}
urlpatterns = [
    path("sitemap.xml", cache_page(0)(sitemap_index), {"sitemaps": _SITEMAPS}),
    path(
        "sitemap-<section>.xml",
        sitemap,
        {"sitemaps": _SITEMAPS},
        name="django.contrib.sitemaps.views.sitemap",
    ),
    path("<path:any>", lambda request, any: _page(request)),
    path("", _page),
]


@pytest.fixture
def site(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.sitemaps"]


def test_with_nothing_declared_the_sitemaps_are_read_as_an_anonymous_visitor_sees_them(
    site: None,
) -> None:
    report = index_all()
    assert known_urls() == {"/", "/shipping/"}
    assert Page.objects.get(url="/").title == "Home"
    assert report.counts[Outcome.ADDED] == 2
    problems = index_problems()
    assert problems["/secret/"] == "says noindex"
    assert problems["/noindex-header/"] == "says noindex"
    assert problems["/empty/"] == "holds no text"
    assert problems["/private/plan/"] == "robots.txt disallows it"
    assert problems["/raises/"] == "answers 500"
    assert problems["/loop/"].startswith("redirects in a loop")
    assert problems["/away/"] == "redirects to another host"
    assert problems["/login-needed/"] == "visitors must log in to see it"
    assert problems["/gone/"] == "answers 410 to an anonymous visitor"
    assert problems["/huge/"].startswith("too large")
    assert problems["/endless/"].startswith("too large")
    assert problems["/pdf/"].startswith("not a readable PDF")
    assert problems["/json/"] == "is application/json, not text"


def test_a_second_run_writes_nothing(site: None) -> None:
    index_all()
    before = IndexState.objects.get().stamp, set(Passage.objects.values_list("pk", flat=True))
    report = index_all()
    assert report.counts[Outcome.ADDED] == report.counts[Outcome.CHANGED] == 0
    assert report.removed == 0
    assert set(Passage.objects.values_list("pk", flat=True)) == before[1]


def test_what_left_the_sitemap_is_forgotten_and_what_fails_is_kept(
    site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_all()
    monkeypatch.setattr(Pages, "items", lambda self: ["/", "/raises/"])
    Page.objects.filter(url="/shipping/").update(key="/raises/", url="/raises/")
    report = index_all()
    assert report.removed > 0
    assert set(Page.objects.values_list("url", flat=True)) == {"/", "/raises/"}


def test_a_site_without_a_sitemap_says_what_to_do() -> None:
    errors = io.StringIO()
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", stderr=errors)
    assert "No sitemap found" in errors.getvalue()
    assert "chat_sources.py" in errors.getvalue()


def test_sitemaps_of_other_hosts_are_not_followed(
    site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SitemapSource()
    assert source.read("https://elsewhere.example/x/").problem == "on another host"
    assert source.read("javascript:alert(1)").problem == "on another host"


MAINTENANCE = "<html><body><h1>Back soon</h1></body></html>"


@pytest.mark.parametrize("broken", [MAINTENANCE, "", "<html/>", sitemap_of("/a/", "/b/")[:-20]])
def test_a_sitemap_that_is_not_whole_is_a_problem_and_nothing_is_forgotten(
    answers: dict[str, Answer], broken: str
) -> None:
    put_pages("/a/", "/b/")
    index_all()
    answers["/sitemap.xml"] = broken
    errors = io.StringIO()
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", stderr=errors)
    assert "/sitemap.xml: no" in errors.getvalue()
    assert known_urls() == {"/a/", "/b/"}


def test_an_empty_sitemap_is_whole(answers: dict[str, Answer]) -> None:
    put_pages("/a/")
    index_all()
    answers["/sitemap.xml"] = f"\n<?xml version='1.0'?>{sitemap_of()}"
    report = index_all()
    assert (report.removed, report.problems) == (1, [])


def test_one_broken_sitemap_of_an_index_hides_none_of_the_others(
    answers: dict[str, Answer],
) -> None:
    def broken(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(map(int, ["x"]), content_type="text/xml")

    put_pages("/a/", "/b/", "/c/")
    index_all()
    answers["/sitemap.xml"] = sitemap_index_of(
        "/missing.xml", "/broken.xml", "/away.xml", "https://[bad/", "/b.xml", "/sitemap.xml"
    )
    answers["/broken.xml"] = broken
    answers["/away.xml"] = redirect("https://elsewhere.example/sitemap.xml")
    answers["/b.xml"] = sitemap_of("/b/")
    report = index_all()
    assert report.counts == {Outcome.UNCHANGED: 1}
    assert known_urls() == {"/a/", "/b/", "/c/"}
    ((where, what),) = report.problems
    assert where == SitemapSource.label
    assert what.startswith("Not all sitemaps could be read, so nothing was forgotten: ")
    for problem in (
        "/missing.xml: answers 404;",
        "/broken.xml: ValueError: invalid literal",
        "/away.xml: redirects to another host",
        "https://[bad/: not an address",
    ):
        assert problem in what


@pytest.mark.parametrize(
    ("robots", "complete"),
    [
        ("Sitemap: https://cdn.elsewhere.example/sitemap.xml", True),
        ("Sitemap: /old-sitemap.xml", False),
        ("Sitemap: https://[bad/sitemap.xml", False),
    ],
)
def test_where_robots_txt_names_no_sitemap_to_read_the_usual_one_is_read(
    answers: dict[str, Answer], robots: str, complete: bool
) -> None:
    put_pages("/a/", "/b/")
    index_all()
    put_pages("/b/")
    answers["/robots.txt"] = robots
    report = index_all()
    assert report.counts == {Outcome.UNCHANGED: 1}
    assert bool(report.removed) is complete
    assert bool(report.problems) is not complete


def test_a_sitemap_that_robots_txt_names_takes_the_place_of_the_usual_one(
    answers: dict[str, Answer],
) -> None:
    put_pages("/a/", "/b/")
    answers["/robots.txt"] = "Sitemap: https://testserver/for-robots.xml"
    answers["/for-robots.xml"] = sitemap_of("/b/")
    index_all()
    assert known_urls() == {"/b/"}


@pytest.mark.parametrize(
    ("pattern", "where"),
    [
        (path("a/", include([path("map.xml", sitemap)])), ["/a/map.xml"]),
        (re_path(r"^seo/", include([re_path(r"^sitemap\.xml$", sitemap)])), ["/seo/sitemap.xml"]),
        (re_path(r"^site-map.xml\Z", sitemap), ["/site-map.xml"]),
        (re_path(r"^sitemap-(?P<section>.+)\.xml$", sitemap), []),
        (re_path(r"^sitemap\d?.xml$", sitemap), []),
        (path("<slug:any>.xml", sitemap), []),
    ],
)
def test_sitemaps_are_found_in_the_urlconf(
    settings: Settings, pattern: Any, where: list[str]
) -> None:
    settings.ROOT_URLCONF = (pattern,)
    assert routed_sitemaps() == where


def test_the_command_reports_what_it_did_and_what_it_could_not_read(site: None) -> None:
    out, errors = io.StringIO(), io.StringIO()
    call_command("chat_index", stdout=out, stderr=errors)
    assert "2 added" in out.getvalue()
    assert "The chat knows 2 pages in 2 passages." in out.getvalue()
    assert "/raises/: answers 500" in errors.getvalue()
    out = io.StringIO()
    call_command("chat_index", list=True, stdout=out)
    assert out.getvalue().strip() == "sitechat.knowledge.sitemaps.SitemapSource"


@pytest.mark.parametrize(
    ("path", "answer", "told"),
    [
        ("/robots.txt", lambda request: HttpResponse(status=500), "/robots.txt: answers 500"),
        ("/robots.txt", redirect("https://cdn.elsewhere.example/robots.txt"), "another host"),
        (
            "/sitemap.xml",
            sitemap_index_of("https://cdn.elsewhere.example/pages.xml"),
            "https://cdn.elsewhere.example/pages.xml: on another host",
        ),
    ],
    ids=["robots.txt fails", "robots.txt is elsewhere", "the sitemaps are elsewhere"],
)
def test_where_it_is_not_known_what_may_be_read_nothing_is_forgotten(
    answers: dict[str, Answer], path: str, answer: Answer, told: str
) -> None:
    put_pages("/a/")
    index_all()
    answers[path] = answer
    report = index_all()
    assert known_urls() == {"/a/"}
    assert report.removed == 0
    assert told in report.problems[0][1]
