"""Tests of runs over unchanged pages."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.views.decorators.http import condition

from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.sources import page_validators
from sitechat.models import Page, Passage
from tests.indexed import known_urls
from tests.rendered import Answer, put_pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]

rendered: list[str] = []


def page(text: str) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        rendered.append(request.path)
        return HttpResponse(f"<main>{text}</main>")

    return view


def sitemap(url: str, lastmod: str) -> str:
    return f"<urlset><url><loc>{url}</loc><lastmod>{lastmod}</lastmod></url></urlset>"


def outcomes() -> dict[Outcome, int]:
    rendered.clear()
    return dict(index_all().counts)


@pytest.mark.parametrize("lastmod", ["2026-01-05T10:00:00+00:00", "2020-01-05"])
def test_a_page_with_an_old_lastmod_is_not_rendered(
    answers: dict[str, Answer], lastmod: str
) -> None:
    answers["/a/"] = page("One")
    answers["/sitemap.xml"] = sitemap("/a/", lastmod)
    assert outcomes() == {Outcome.ADDED: 1}
    assert outcomes() == {Outcome.UNCHANGED: 1}
    assert rendered == []
    answers["/a/"] = page("Two")
    answers["/sitemap.xml"] = sitemap("/a/", f"2026-02{lastmod[7:]}")
    assert outcomes() == {Outcome.CHANGED: 1}
    assert Passage.objects.get().text == "Two"


def test_a_date_without_time_does_not_cover_later_changes_of_the_day(
    answers: dict[str, Answer],
) -> None:
    answers["/a/"] = page("One")
    answers["/sitemap.xml"] = sitemap("/a/", datetime.now(timezone.utc).date().isoformat())
    outcomes()
    answers["/a/"] = page("Two")
    assert outcomes() == {Outcome.CHANGED: 1}


def test_a_lastmod_is_trusted_for_a_week_only() -> None:
    old = datetime.now(timezone.utc) - timedelta(days=8)
    known = {"reader": page_validators.READER, "lastmod": "2020-01-05", "at": old.isoformat()}
    assert not page_validators.has_same_lastmod("2020-01-05", known)
    assert page_validators.has_same_lastmod(
        "2020-01-05", {**known, "at": (old + timedelta(days=2)).isoformat()}
    )
    assert not page_validators.has_same_lastmod("nonsense", {**known, "lastmod": "nonsense"})


def test_a_conditional_view_is_not_rendered(answers: dict[str, Answer]) -> None:
    version = ["1"]
    put_pages("/a/")
    answers["/a/"] = condition(etag_func=lambda request: f'"{version[0]}"')(page("One"))
    assert outcomes() == {Outcome.ADDED: 1}
    assert outcomes() == {Outcome.UNCHANGED: 1}
    assert rendered == []
    version[0] = "2"
    answers["/a/"] = condition(etag_func=lambda request: f'"{version[0]}"')(page("Two"))
    assert outcomes() == {Outcome.CHANGED: 1}


def test_bytes_that_differ_only_in_tokens_are_not_read_again(answers: dict[str, Answer]) -> None:
    put_pages("/a/")
    answers["/a/"] = lambda request: HttpResponse(
        "<main>Text<form><input name='csrfmiddlewaretoken' type=hidden value='"
        f'{time.monotonic_ns()}\'></form><script nonce="{time.monotonic_ns()}"></script></main>'
    )
    assert outcomes() == {Outcome.ADDED: 1}
    before = Page.objects.get().indexed
    assert outcomes() == {Outcome.UNCHANGED: 1}
    assert Page.objects.get().indexed == before


def test_a_page_that_failed_is_read_again(answers: dict[str, Answer]) -> None:
    put_pages("/a/")
    outcomes()
    good = answers["/a/"]
    answers["/a/"] = lambda request: HttpResponse(status=500)
    assert outcomes() == {Outcome.FAILED: 1}
    answers["/a/"] = good
    assert outcomes() == {Outcome.UNCHANGED: 1}
    assert Page.objects.get().error == ""


def test_pages_that_fail_keep_their_old_text(answers: dict[str, Answer]) -> None:
    urls = [f"/{number}/" for number in range(10)]
    put_pages(*urls)
    index_all()
    for url in urls[::2]:
        answers[url] = lambda request: HttpResponse(status=500)
    report = index_all()
    assert report.counts == {Outcome.UNCHANGED: 5, Outcome.FAILED: 5}
    assert dict(report.problems) == dict.fromkeys(urls[::2], "answers 500")
    assert known_urls() == set(urls)


def test_unchanged_pages_are_written_together(answers: dict[str, Answer]) -> None:
    urls = [f"/{letter}/" for letter in "abcdefgh"]
    put_pages(*urls)
    assert outcomes() == {Outcome.ADDED: 8}
    started = datetime.now(timezone.utc)
    with CaptureQueriesContext(connection) as queries:
        assert outcomes() == {Outcome.UNCHANGED: 8}
    written = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    assert len([sql for sql in written if "sitechat_page" in sql]) == 1
    assert Page.objects.filter(seen__gte=started).count() == 8


def test_a_copy_of_an_unchanged_page_is_left_out(answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/b/")
    assert outcomes() == {Outcome.ADDED: 2}
    answers["/b/"] = answers["/a/"]
    assert outcomes() == {Outcome.UNCHANGED: 1, Outcome.LEFT_OUT: 1}
    assert known_urls() == {"/a/"}


def function_calls(work: Callable[[], object]) -> int:
    """Return how many functions the work called, a measure that no other program disturbs."""
    calls = itertools.count()
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _arg: next(calls) if event == "call" else None)
    try:
        work()
    finally:
        sys.setprofile(before)
    return next(calls)


def test_unchanged_pages_cost_a_fraction(answers: dict[str, Answer]) -> None:
    urls = [f"/{number}/" for number in range(100)]
    put_pages(*urls)
    for url in urls:
        answers[url] = f"<main>{f'<p>What {url} says of parcels. ' * 40}</main>"
    first = function_calls(index_all)
    again = function_calls(index_all)
    assert index_all().counts == {Outcome.UNCHANGED: 100}
    assert again < first / 10
