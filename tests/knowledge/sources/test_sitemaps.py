"""Tests of `chat_index` with a site's sitemaps."""

from __future__ import annotations

import io

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
from django.urls import path
from django.views.decorators.cache import cache_page
from pytest_django import Settings

from sitechat.knowledge import SitemapSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.models import IndexState, Page, Passage
from tests.indexed import index_problems, known_urls
from tests.rendered import Answer

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


def test_without_sources_the_sitemaps_are_read_as_an_anonymous_visitor(
    site: None,
) -> None:
    report = index_all()
    assert known_urls() == {"/", "/shipping/"}
    assert Page.objects.get(url="/").title == "Home"
    assert report.counts[Outcome.ADDED] == 2
    problems = index_problems()
    assert problems["/secret/"] == "says noindex"
    assert problems["/noindex-header/"] == "says noindex"
    assert problems["/empty/"] == "contains no text"
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


def test_pages_that_left_the_sitemap_are_removed_and_failing_ones_kept(
    site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_all()
    monkeypatch.setattr(Pages, "items", lambda self: ["/", "/raises/"])
    Page.objects.filter(url="/shipping/").update(key="/raises/", url="/raises/")
    report = index_all()
    assert report.removed > 0
    assert set(Page.objects.values_list("url", flat=True)) == {"/", "/raises/"}


def test_without_a_sitemap_and_a_front_page_the_solution_is_reported(
    answers: dict[str, Answer],
) -> None:
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


def test_the_command_reports_counts_and_problems(site: None) -> None:
    out, errors = io.StringIO(), io.StringIO()
    call_command("chat_index", stdout=out, stderr=errors)
    assert "2 added" in out.getvalue()
    assert "The chat knows 2 pages in 2 passages." in out.getvalue()
    assert "/raises/: answers 500" in errors.getvalue()
    out = io.StringIO()
    call_command("chat_index", list=True, stdout=out)
    assert out.getvalue().strip() == "sitemaps"
