"""Tests of sites without a sitemap: links are followed, and pages can be named."""

from __future__ import annotations

import io
import time

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from pytest_django import Settings

from sitechat.knowledge import SitemapSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.sources.crawling import is_page, links_of
from sitechat.knowledge.sources.head_links import head_links
from sitechat.models import Page
from tests.indexed import Groups, index_problems, known_urls
from tests.rendered import Answer, put_pages, redirect, sitemap_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]


def page(*links: str, head: str = "") -> str:
    anchors = "".join(f"<a href='{link}'>to {link}</a> " for link in links)
    return f"<head>{head}</head><main>Text beside {anchors}</main>"


def run(*pages: str, **options: object) -> tuple[str, str]:
    out, errors = io.StringIO(), io.StringIO()
    call_command("chat_index", *pages, stdout=out, stderr=errors, **options)
    return out.getvalue(), errors.getvalue()


def test_without_a_sitemap_links_are_followed(answers: dict[str, Answer]) -> None:
    answers["/"] = page("/a/", "b/", "https://testserver/c/#x", "//elsewhere.example/", "/a/?x=1")
    answers["/a/"] = page("../b/", "/", "mailto:x@example.com", "javascript:x", "/missing/")
    answers["/b/"] = page("/secret/", "/hidden/")
    answers["/c/"] = page("/d/", head="<meta name=robots content=nofollow>")
    answers["/d/"] = page()
    answers["/hidden/"] = page(head="<meta name=robots content=noindex>")
    answers["/secret/"] = page()
    answers["/robots.txt"] = "User-agent: *\nDisallow: /secret/"
    out, errors = run()
    assert known_urls() == {"/", "/a/", "/b/", "/c/"}
    assert "There is no sitemap, so links were followed from /." in out
    assert errors == ""
    assert index_problems() == {
        "/missing/": "answers 404 to an anonymous visitor",
        "/secret/": "robots.txt disallows it",
        "/hidden/": "says noindex",
    }


def test_redirects_are_followed_only_to_pages(answers: dict[str, Answer]) -> None:
    asked = []

    def log_out(request: HttpRequest) -> HttpResponse:
        asked.append(request.get_full_path())
        return HttpResponse()

    answers["/"] = page("/a/", "/b/", "/c/")
    answers["/a/"], answers["/b/"] = redirect("/log%6Fut/"), redirect("/d/?x=1")
    answers["/c/"], answers["/d/"] = redirect("/d/"), page()
    answers["/logout/"] = answers["/d/?x=1"] = log_out
    run()
    assert known_urls() == {"/", "/d/"}
    assert asked == []
    assert index_problems() == {
        "/a/": "leads to '/log%6Fut/', which is no page for visitors",
        "/b/": "leads to '/d/?x=1', which is no page for visitors",
    }


def test_pages_without_links_are_kept_while_they_exist(
    answers: dict[str, Answer],
) -> None:
    put_pages("/", "/a/", "/b/")
    index_all()
    del answers["/sitemap.xml"], answers["/b/"]
    for _ in range(2):
        index_all()
        assert known_urls() == {"/", "/a/"}


def test_a_crawl_is_bounded_and_reports_it(answers: dict[str, Answer]) -> None:
    class Pages(SitemapSource):
        label = "pages"
        crawl_limit = 5

    answers["/"] = page(*(f"/{number}/" for number in range(20)))
    for number in range(20):
        answers[f"/{number}/"] = page(f"/{number}/more/")
    report = index_all()
    assert len(known_urls()) == 5
    assert "links lead to more than 5 pages" in dict(report.problems)["pages"]


def test_a_sitemap_that_is_broken_is_not_replaced_by_links(answers: dict[str, Answer]) -> None:
    answers["/"] = page("/a/")
    answers["/sitemap.xml"] = "<urlset>"
    with pytest.raises(CommandError, match="Nothing could be read"):
        run()
    assert known_urls() == set()


def test_only_links_that_a_page_allows_are_followed() -> None:
    html = b"""<a href=/a/>a</a><A HREF="/b/?x&amp;y#z">b</A><a rel="nofollow" href=/c/>c</a>
        <!-- <a href=/d/>d</a> --><script>"<a href=/e/>"</script><a name=f>f</a>
        <a class=x download href=/g/>g</a><link href=/h/><a
        href='/i/'>i</a><a data-href=/j/>j</a>"""
    assert links_of(html) == ["/a/", "/b/?x&y", "/i/"]
    assert links_of(b"<meta name='robots' content='index, nofollow'>" + html) == []
    assert links_of(b"<meta content=none name=django-sitechat>" + html) == []


def test_a_link_whose_address_says_download_or_nofollow_is_followed() -> None:
    html = b"""<a href="/download/">Get it</a><a title="rel=nofollow" href=/about-nofollow/>x</a>"""
    assert links_of(html) == ["/download/", "/about-nofollow/"]


def test_tags_are_read_as_browsers_read_them() -> None:
    html = b"""<a title="a > b" href="/a/">a</a><a-card href="/b/"></a-card><a href=/it's/>c</a>
        <!--><a href="/d/">d</a><!---><a/href="/e/">e</a><!-- <a href=/f/> --!><a href=/g/>g</a>"""
    assert links_of(html) == ["/a/", "/it's/", "/d/", "/e/", "/g/"]


def test_links_follow_the_base_of_their_page() -> None:
    html = b"""<head><base target=_top><base href="/docs/"><base href="/other/">
        <link rel=canonical href="intro/"><link rel=alternate hreflang=de href="de/intro/"></head>
        <body><a href="next/">n</a><a href="/top/">t</a><a href="http://[">x</a>"""
    assert links_of(html) == ["/docs/next/", "/top/"]
    assert head_links(html).canonical == "/docs/intro/"
    assert head_links(html).alternates == {"de": "/docs/de/intro/"}


def test_links_ignore_an_invalid_base() -> None:
    html = b"""<base href="http://["><link rel=canonical href="/a/"><a href="/b/">b</a>"""
    assert links_of(html) == ["/b/"]
    assert head_links(html).canonical == "/a/"


def test_an_unclosed_comment_or_script_reaches_to_the_end() -> None:
    assert links_of(b"<a href=/a/>a</a><!-- <a href=/b/>b</a>") == ["/a/"]
    assert links_of(b"<a href=/a/>a</a><script><!-- <a href=/b/>b</a>") == ["/a/"]
    assert links_of(b"<STYLE><!--</style ><a href=/a/>a</a>") == ["/a/"]


@pytest.mark.parametrize("piece", [b"<!--", b"<script ", b"<meta name=robots ", b"<a rel=", b"<a "])
def test_the_links_of_a_hostile_page_are_found_quickly(piece: bytes) -> None:
    started = time.thread_time()
    assert links_of(piece * (1_000_000 // len(piece))) == []
    assert head_links(piece * (200_000 // len(piece))).canonical == ""
    assert time.thread_time() - started < 1


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("sitechat.urls")),
    path("logout/", _view),
    path("blog/delete-me/", _view),
    path("blog/<slug:slug>/", _view),
]


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        *(("/blog/walrus/", True), ("/blog/deleted-scenes/", True)),
        *(("/admin/", False), ("/admin/login/", False), ("/api/chat/", False)),
        *(("/logout/", False), ("/blog/delete-me/", False), ("/missing/", False)),
        *(("/%61dmin/", False), ("/log%6Fut/", False), ("/blog/delet%65-me/", False)),
        *(("/blog/walr%75s/", True), ("/blog/../admin/", False), ("/blog/%2E%2E/admin/", False)),
        *(("/blog/walrus/?x", False), ("//blog/", False), ("blog/", False)),
    ],
)
def test_only_paths_of_pages_are_followed(settings: Settings, url: str, is_one: bool) -> None:
    settings.ROOT_URLCONF = __name__
    assert is_page(url) is is_one


def test_named_pages_are_read_again_by_later_runs(answers: dict[str, Answer]) -> None:
    put_pages("/about/", "/faq/", "/other/")
    answers["/sitemap.xml"] = sitemap_of("/other/")
    out, _ = run("/about/", "/faq/")
    assert out.startswith("2 added.")
    assert known_urls() == {"/about/", "/faq/"}
    answers["/about/"] = "<main>New words</main>"
    run()
    assert known_urls() == {"/about/", "/faq/", "/other/"}
    assert Page.objects.get(url="/about/").passages.get().text == "New words"
    del answers["/faq/"]
    run()
    assert known_urls() == {"/about/", "/other/"}


def test_a_named_page_stays_with_its_source(answers: dict[str, Answer]) -> None:
    put_pages("/about/")
    index_all()
    answers["/about/"] = "<main>New words</main>"
    run("/about/")
    assert Page.objects.get(url="/about/").source == "sitemaps"
    assert Page.objects.get(url="/about/").passages.get().text == "New words"


def test_named_pages_stay_when_an_app_declares_a_source(answers: dict[str, Answer]) -> None:
    put_pages("/about/")
    run("/about/")

    class Articles(Groups):
        pass

    index_all()
    assert known_urls() == {"/about/"}
