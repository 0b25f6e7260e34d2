"""Tests that answers don't use pages that have become private or been deleted."""

from __future__ import annotations

import threading
import time

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import set_script_prefix

from sitechat.knowledge import open_page, search
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.searching import recheck
from sitechat.models import Page, Passage
from tests.indexed import ANONYMOUS, found, index_problems, known_urls, put
from tests.rendered import Answer, put_pages, redirect
from tests.waiting import until

pytestmark = [pytest.mark.usefixtures("no_sources")]


@pytest.fixture(autouse=True)
def _asked_never() -> None:
    recheck.recent_rechecks().clear()


def status(code: int) -> Answer:
    return lambda request: HttpResponse("<main>Secret walrus</main>", status=code)


GONE: dict[str, Answer] = {
    "deleted": status(404),
    "gone": status(410),
    "forbidden": status(403),
    "behind a login": redirect("/door/?next=/walrus/"),
    "elsewhere": redirect("https://elsewhere.example/"),
    "moved": redirect("/other/"),
    "not to be found": lambda request: HttpResponse(
        "<main>x</main>", headers={"X-Robots-Tag": "noindex"}
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("why", GONE)
def test_a_page_that_is_private_or_gone_is_not_used(answers: dict[str, Answer], why: str) -> None:
    put_pages("/walrus/", "/other/")
    answers["/door/?next=/walrus/"] = "<main>Log in</main>"
    index_all()
    assert "/walrus/" in found("the page walrus")
    answers["/walrus/"] = GONE[why]
    assert "/walrus/" not in found("the page walrus")
    assert not Passage.objects.filter(page__url="/walrus/").exists()
    assert index_problems()["/walrus/"]
    assert "/other/" in known_urls()


@pytest.mark.django_db
def test_it_can_not_be_opened_either(answers: dict[str, Answer]) -> None:
    put_pages("/walrus/")
    index_all()
    assert open_page("/walrus/", user=ANONYMOUS)
    answers["/walrus/"] = status(404)
    assert open_page("/walrus/", user=ANONYMOUS) is None


@pytest.mark.django_db
def test_a_page_that_fails_or_is_of_a_source_is_used(answers: dict[str, Answer]) -> None:
    put_pages("/walrus/")
    index_all()
    put("/of-a-source/", "The page of another walrus")
    answers["/walrus/"] = status(500)
    assert set(found("walrus page")) == {"/walrus/", "/of-a-source/"}


@pytest.mark.django_db
def test_the_next_page_replaces_a_page_that_is_gone(answers: dict[str, Answer]) -> None:
    put_pages("/walrus/one/", "/walrus/two/", "/walrus/three/")
    index_all()
    first, second, third = found("page walrus")
    answers[first] = status(404)
    assert search("page walrus", user=ANONYMOUS, limit=2)[0].url != first
    assert set(found("page walrus")) == {second, third}


@pytest.mark.django_db(transaction=True)
def test_pages_below_a_script_name_are_rechecked_where_they_are(answers: dict[str, Answer]) -> None:
    put_pages("/walrus/")
    index_all()
    paths: list[str] = []

    def note(request: HttpRequest) -> HttpResponse:
        paths.append(request.path)
        return HttpResponse("<main>The page walrus</main>")

    answers["/walrus/"] = note
    set_script_prefix("/shop/")
    try:
        found("page walrus")
    finally:
        set_script_prefix("/")
    until(lambda: paths == ["/shop/walrus/"])


@pytest.mark.django_db(transaction=True)
def test_an_answer_waits_a_quarter_of_a_second_for_two_pages(answers: dict[str, Answer]) -> None:
    urls = [f"/walrus/{number}/" for number in range(5)]
    put_pages(*urls)
    index_all()
    release = threading.Event()

    def slow(request: HttpRequest) -> HttpResponse:
        release.wait(10)
        return HttpResponse(status=404)

    for url in urls:
        answers[url] = slow
    started = time.monotonic()
    assert set(found("page walrus")) == set(urls)
    assert time.monotonic() - started < 5
    release.set()
    until(lambda: known_urls() == set())


@pytest.mark.django_db(transaction=True)
def test_other_pages_are_rechecked_after_the_answer(answers: dict[str, Answer]) -> None:
    urls = [f"/walrus/{number}/" for number in range(6)]
    put_pages(*urls)
    index_all()
    hits = found("page walrus")
    for url in hits[recheck.AT_ONCE :]:
        answers[url] = status(404)
    recheck.recent_rechecks().clear()
    found("page walrus")
    until(lambda: known_urls() == set(hits[: recheck.AT_ONCE]))
    assert Page.objects.exclude(error="").count() == 4
