"""Tests of sites with many errors: stored pages are kept, and problems are reported once."""

from __future__ import annotations

from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from sitechat.models import Passage
from tests.indexed import found, index_problems, known_urls
from tests.rendered import Answer, put_pages, redirect

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]


def index() -> tuple[str, list[str]]:
    """Run `chat_index` and return its output and the listed problems."""
    output, errors = StringIO(), StringIO()
    call_command("chat_index", stdout=output, stderr=errors, verbosity=2)
    return output.getvalue(), errors.getvalue().splitlines()


def test_if_half_of_the_pages_fail_all_are_kept(answers: dict[str, Answer]) -> None:
    urls = [f"/walrus/{number}/" for number in range(30)]
    put_pages(*urls)
    index()
    for url in urls[::2]:
        answers[url] = lambda request: HttpResponse("<main>Sorry</main>", status=500)
    for _ in range(2):
        output, errors = index()
        assert "15 unchanged, 15 failed. The chat knows 30 pages" in output
        assert sorted(errors) == sorted(f"{url}: answers 500" for url in urls[::2])
    assert known_urls() == set(urls)
    assert found("walrus", limit=100) != []
    assert not Passage.objects.filter(text__contains="Sorry").exists()


def test_pages_that_have_always_failed_are_reported_and_not_stored(
    answers: dict[str, Answer],
) -> None:
    urls = [f"/walrus/{number}/" for number in range(4)]
    put_pages(*urls)
    for url in urls[2:]:
        answers[url] = lambda request: HttpResponse(status=503)
    _, errors = index()
    assert errors == [f"{url}: answers 503" for url in urls[2:]]
    assert known_urls() == set(urls[:2])
    answers.update({url: f"<main>The page {url} again</main>" for url in urls})
    _, errors = index()
    assert (errors, index_problems()) == ([], {})
    assert known_urls() == set(urls)


def test_exceptions_and_redirect_loops_are_reported(
    answers: dict[str, Answer],
) -> None:
    put_pages("/one/", "/raises/", "/round/")

    def broken(request: object) -> HttpResponse:
        raise RuntimeError("secret detail")

    answers["/raises/"] = broken
    answers["/round/"] = redirect("/round/")
    _, errors = index()
    assert known_urls() == {"/one/"}
    assert sorted(line.partition(":")[0] for line in errors) == ["/raises/", "/round/"]


@pytest.mark.django_db(transaction=True)
def test_every_transaction_of_a_run_takes_its_lock_first(answers: dict[str, Answer]) -> None:
    """On SQLite a transaction that has read can't wait for another run that writes."""
    urls = [f"/walrus/{number}/" for number in range(6)]
    put_pages(*urls)
    index()
    answers["/walrus/0/"] = "<main>A walrus without tusks</main>"
    answers["/walrus/1/"] = answers["/walrus/2/"]
    answers["/walrus/3/"] = f"{answers['/walrus/3/']} "  # other bytes, the same text
    answers["/walrus/4/"] = lambda request: HttpResponse(status=404)
    with CaptureQueriesContext(connection) as queries:
        index()
    verbs = [query["sql"].split()[0] for query in queries]
    first = {after for verb, after in pairwise(verbs) if verb == "BEGIN"}
    assert first == {"UPDATE"}
