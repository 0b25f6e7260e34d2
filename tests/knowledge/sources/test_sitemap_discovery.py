"""Tests of reading sitemaps and robots.txt, and of errors in them."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest
from django.contrib.sitemaps.views import sitemap
from django.core.management import CommandError, call_command
from django.http import (
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.urls import include, path, re_path
from pytest_django import Settings

from sitechat.knowledge import SitemapSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources.sitemap_discovery import routed_sitemaps
from sitechat.knowledge.sources.sitemap_reader import SitemapReader
from tests.indexed import known_urls
from tests.rendered import Answer, put_pages, redirect, sitemap_index_of, sitemap_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


MAINTENANCE = "<html><body><h1>Back soon</h1></body></html>"


@pytest.mark.parametrize("broken", [MAINTENANCE, "", "<html/>", sitemap_of("/a/")[:60]])
def test_an_incomplete_sitemap_is_reported_and_no_page_is_removed(
    answers: dict[str, Answer], broken: str
) -> None:
    put_pages("/a/", "/b/")
    index_all()
    answers["/sitemap.xml"] = broken
    errors = io.StringIO()
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", stderr=errors)
    assert "/sitemap.xml: not" in errors.getvalue()
    assert known_urls() == {"/a/", "/b/"}


def test_an_empty_sitemap_is_complete(answers: dict[str, Answer]) -> None:
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
    assert what.startswith("Not all sitemaps could be read, so no page was removed: ")
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
def test_if_robots_txt_names_no_readable_sitemap_the_usual_one_is_read(
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


def test_a_sitemap_in_robots_txt_replaces_the_usual_one(
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
def test_if_it_is_unknown_what_may_be_read_no_page_is_removed(
    answers: dict[str, Answer], path: str, answer: Answer, told: str
) -> None:
    put_pages("/a/")
    index_all()
    answers[path] = answer
    report = index_all()
    assert known_urls() == {"/a/"}
    assert report.removed == 0
    assert told in report.problems[0][1]


def test_compressed_sitemaps_and_lists_of_addresses_are_read(answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/b/", "/c/", "/d/")
    del answers["/sitemap.xml"]
    answers["/robots.txt"] = "Sitemap: /one.xml.gz\nSitemap: /two.txt\nSitemap: /three.xml"
    answers["/one.xml.gz"] = lambda request: HttpResponse(
        gzip.compress(sitemap_of("/a/").encode()), content_type="application/octet-stream"
    )
    answers["/two.txt"] = lambda request: HttpResponse(
        "\ufeffhttps://testserver/b/\r\n\r\n/c/\n", content_type="text/plain"
    )
    answers["/three.xml"] = sitemap_index_of("/four.xml.gz")
    answers["/four.xml.gz"] = lambda request: HttpResponse(
        gzip.compress(sitemap_of("/d/").encode()), headers={"Content-Encoding": "gzip"}
    )
    report = index_all()
    assert known_urls() == {"/a/", "/b/", "/c/", "/d/"}
    assert report.problems == []


def test_more_pages_than_the_limit_are_reported(answers: dict[str, Answer]) -> None:
    class Pages(SitemapSource):
        limit = 2

    put_pages("/a/", "/b/", "/c/")
    report = index_all()
    assert known_urls() == {"/a/", "/b/"}
    assert "the sitemaps name more than 2 pages" in dict(report.problems)[Pages.label]


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"some text", b"\x1f\x8bx", b"<urlset>"])
def test_invalid_sitemaps_are_refused(body: bytes) -> None:
    reader = SitemapReader(10)

    def read() -> None:
        reader.feed(body)
        reader.close()

    with pytest.raises(Unreadable):
        read()
