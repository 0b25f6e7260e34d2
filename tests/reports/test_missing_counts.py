"""Tests of counting large weeks and months on a thread, while their report is opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from sitechat.conversations import replies
from sitechat.models import Message, PeriodCounts
from sitechat.reports import background_review, missing_counts, period_counts, usage_summaries
from sitechat.reports.period_report import PeriodReport, period_report, reviewed_report
from tests.owner import owner_client, talk
from tests.smaller import Smaller
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

PAGE = "/admin/sitechat/usage/report/"
COUNTING = "The conversations of this period are being counted."


def last_week() -> timedelta:
    """Return how long ago the middle of the last whole week was."""
    _earlier, start, _end = period_counts.report_boundaries("week")
    return datetime.now(timezone.utc) - (start + timedelta(days=4))


def count_all() -> None:
    """Keep the counts of both periods, as a thread does before the review has ended."""
    for span in period_counts.uncounted_periods("week", *period_counts.report_boundaries("week")):
        period_counts.store_counts(span)


def counted() -> bool:
    """Return whether the threads that a page started have ended."""
    return missing_counts.worker().work.wait(60) and background_review.worker().wait(60)


def shown_report(owner: Client, query: str = "") -> PeriodReport:
    """Return the report on the page, after its periods were counted and replies reviewed."""

    def is_shown() -> bool:
        has_ended = counted()
        page = owner.get(f"{PAGE}{query}")
        return has_ended and not page.context.get("unreviewed") and "report" in page.context

    until(is_shown, 60, failure="the report is not shown")
    report: PeriodReport = owner.get(f"{PAGE}{query}").context["report"]
    return report


def test_a_page_does_not_count_a_large_period(smaller: Smaller) -> None:
    smaller(missing_counts, MAX_IN_REQUEST=1)
    for age in (0, 7):
        talk(("Where can I park?", "There."), age=last_week() + timedelta(days=age))
    usage_summaries.summarise_new_hours()
    owner: Client = owner_client()
    with transaction.atomic():  # the thread starts after it
        page = owner.get(PAGE)
    assert COUNTING in page.content.decode()
    assert page.context["progress"].share == 0
    report = shown_report(owner)
    assert (report.figures.conversations, report.before.conversations) == (1, 1)
    assert PeriodCounts.objects.count() == 2


def test_a_page_counts_a_small_period_itself() -> None:
    talk(("Where can I park?", "There."), age=last_week())
    with transaction.atomic():
        report = owner_client().get(PAGE).context["report"]
    assert report.figures.conversations == 1
    assert not PeriodCounts.objects.exists()


def test_earlier_periods_are_counted_once(smaller: Smaller) -> None:
    smaller(missing_counts, MAX_IN_REQUEST=0)
    talk(("Where can I park?", "There."), age=last_week() + timedelta(days=28))
    usage_summaries.summarise_new_hours()
    end = datetime.now(timezone.utc) - timedelta(days=28)
    owner = owner_client()
    assert shown_report(owner, f"?end={end:%Y-%m-%d}").figures.conversations == 1
    assert missing_counts.count_soon("week", end) is None


def test_counts_before_the_review_are_counted_again(smaller: Smaller) -> None:
    smaller(missing_counts, MAX_IN_REQUEST=0)
    talk(("Where can I park?", "I don't know."), age=last_week())
    usage_summaries.summarise_new_hours()
    count_all()
    assert missing_counts.count_soon("week") is None
    assert period_report("week").figures.unanswered == 0
    assert shown_report(owner_client()).figures.unanswered == 1


@pytest.mark.parametrize(
    "command", [lambda: reviewed_report("week"), lambda: call_command("chat_cleanup")]
)
def test_commands_count_again_what_was_counted_before_the_review(
    command: Callable[[], object],
) -> None:
    talk(("Where can I park?", "I don't know."), age=last_week())
    count_all()
    command()
    assert period_report("week").figures.unanswered == 1


def test_the_cleanup_counts_again_what_a_page_counted(smaller: Smaller) -> None:
    smaller(missing_counts, MAX_IN_REQUEST=0)
    conversation = talk(("Where can I park?", "There."), age=last_week())
    usage_summaries.summarise_new_hours()
    owner = owner_client()
    assert shown_report(owner).figures.likes == 0
    replies.rate(Message.objects.get(conversation=conversation, position=1), 1, None)
    call_command("chat_cleanup")
    assert shown_report(owner).figures.likes == 1
