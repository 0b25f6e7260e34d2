"""Tests of the output of `manage.py chat_index`."""

from __future__ import annotations

import io
import logging

import pytest
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from pytest_django import Settings

from tests.indexed import Groups
from tests.rendered import Answer, put_pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def site(answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/b/", "/hidden/", "/broken/")
    answers["/hidden/"] = '<meta name="robots" content="noindex"><main>x</main>'

    def broken(request: HttpRequest) -> HttpResponse:
        raise ValueError("the view is broken")

    answers["/broken/"] = broken


def run(**options: object) -> tuple[str, str]:
    out, errors = io.StringIO(), io.StringIO()
    call_command("chat_index", stdout=out, stderr=errors, **options)
    return out.getvalue(), errors.getvalue()


def call(*pages: str) -> tuple[str, str, str]:
    """Run the command, and return its summary, its warnings and its error."""
    out, errors, failure = io.StringIO(), io.StringIO(), ""
    try:
        call_command("chat_index", *pages, stdout=out, stderr=errors)
    except CommandError as error:
        failure = str(error)
    return out.getvalue().partition(".")[0], errors.getvalue(), failure


def test_without_a_terminal_it_prints_one_line_and_what_failed(site: None) -> None:
    out, errors = run()
    assert len(out.splitlines()) == 1
    assert out.startswith("2 added, 1 left out, 1 failed. The chat knows 2 pages in 2 passages.")
    assert errors == "/broken/: answers 500\n"


def test_named_pages_that_can_not_be_read_are_listed_and_an_error(site: None) -> None:
    assert call("/a/", "/hidden/") == ("1 added, 1 left out", "/hidden/: says noindex\n", "")
    assert call("/hidden/") == ("1 left out", "/hidden/: says noindex\n", "Nothing could be read.")
    assert call("/broken/")[1:] == ("/broken/: answers 500\n", "Nothing could be read.")


def test_a_run_that_reads_nothing_says_why(answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/b/")
    answers["/a/"] = answers["/b/"] = '<meta name="robots" content="noindex"><main>x</main>'
    assert call() == ("2 left out", "/a/: says noindex\n/b/: says noindex\n", "")
    answers["/a/"] = lambda request: HttpResponse(status=500)
    assert call()[1:] == ("/a/: answers 500\n/b/: says noindex\n", "Nothing could be read.")


def test_it_says_more_when_it_is_asked_to(site: None) -> None:
    out, errors = run(verbosity=2)
    assert out.splitlines()[0] == "sitemaps"
    assert len(out.splitlines()) == 2
    assert errors.splitlines() == ["/hidden/: says noindex", "/broken/: answers 500"]
    assert run(verbosity=0)[0] == ""


def test_on_a_terminal_a_bar_shows_how_far_it_is() -> None:
    class Articles(Groups):
        label = "articles"

    for number in range(3):
        Group.objects.create(name=f"Article {number}")
    out = Terminal()
    call_command("chat_index", stdout=out, stderr=io.StringIO())
    bar, _, summary = out.getvalue().rpartition("\r\x1b[2K")
    assert "articles [##########....................] 1 of 3" in bar
    assert "articles [##############################] 3 of 3" in bar
    assert summary.startswith("3 added.")


def test_pages_that_fail_send_no_mail(
    site: None, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ADMINS = [("Ann", "ann@example.com")] if _takes_pairs() else ["ann@example.com"]
    _, errors = run()
    assert "/broken/" in errors
    assert mailoutbox == []
    logging.getLogger("django.request").error("A real visitor's request failed")
    assert len(mailoutbox) == 1


def _takes_pairs() -> bool:
    import django

    return django.VERSION < (6, 0)


def test_the_list_names_sources_by_their_labels(site: None) -> None:
    assert run(list=True)[0] == "sitemaps\n"

    class Articles(Groups):
        label = "articles"

    assert run(list=True)[0] == "articles\n"
