"""Tests of usage summaries by hour, day and month, with gaps, late rows and wrong clocks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as django_now
from pytest_django import Settings

from sitechat.models import Conversation, Job, Status, Summary, Usage
from sitechat.reports import time_histogram, usage_report, usage_summaries
from sitechat.reports.usage_figures import Figures

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOW = datetime(2026, 3, 15, 12, 30, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def used(ago: timedelta, conversation: Conversation | None = None, **fields: Any) -> Usage:
    values: dict[str, Any] = {
        "bot": "default",
        "model": "claude-opus-4-7",
        "input_tokens": 10,
        "output_tokens": 5,
        "dollars": Decimal("0.25"),
        "first_token_ms": 400,
        "total_ms": 1000,
        "status": Status.COMPLETE,
    }
    return Usage.objects.create(
        conversation=conversation, created=NOW - ago, **{**values, **fields}
    )


def conversation() -> Conversation:
    return Conversation.objects.create(bot="default")


def total(by: str = "day", **kwargs: Any) -> Figures:
    return usage_report.report(by, now=NOW, **kwargs).total


def test_a_site_without_replies_has_zeros() -> None:
    report = usage_report.report("day", now=NOW)
    assert len(report.periods) == 30
    assert report.total == Figures()
    assert report.total.dollars_per_conversation is None
    assert report.total.cache_share is None
    assert report.total.first_token_p50 is None


@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_what_is_summed_and_what_just_came_are_counted_once_each(by: str) -> None:
    for ago in (timedelta(), timedelta(minutes=20), HOUR, 2 * HOUR, 5 * HOUR):
        used(ago)
    for _again in range(2):
        assert total(by).replies == 5
        assert total(by).dollars == Decimal("1.25")


@pytest.mark.parametrize(
    ("by", "count", "first", "last"),
    [
        ("hour", 48, "2026-03-13 13:00", "2026-03-15 12:00"),
        ("day", 30, "2026-02-14", "2026-03-15"),
        ("month", 12, "2025-04", "2026-03"),
    ],
)
def test_a_report_has_every_period_in_it(by: str, count: int, first: str, last: str) -> None:
    labels = [row.label for row in usage_report.report(by, now=NOW).periods]
    assert (len(labels), labels[0], labels[-1]) == (count, first, last)


def test_periods_are_those_of_utc() -> None:
    used(timedelta(hours=12, minutes=31))  # 23:59 of the day before
    used(timedelta(hours=12, minutes=30))  # 00:00
    rows = {row.label: row.figures.replies for row in usage_report.report("day", now=NOW).periods}
    assert (rows["2026-03-14"], rows["2026-03-15"]) == (1, 1)


def test_earlier_spans_begin_where_later_ones_end() -> None:
    used(60 * DAY)
    report = usage_report.report("day", now=NOW)
    while not report.total.replies:
        earlier = usage_report.report("day", end=report.start, now=NOW)
        assert earlier.end == report.start
        report = earlier
    assert report.total.replies == 1


def test_models_and_bots_are_told_apart_the_dearest_first() -> None:
    used(HOUR, model="small", dollars=Decimal(1))
    used(HOUR, model="large", bot="support", dollars=Decimal(9))
    report = usage_report.report("day", now=NOW)
    assert [(row.label, row.figures.dollars) for row in report.models] == [
        ("large", Decimal(9)),
        ("small", Decimal(1)),
    ]
    assert total(bot="support").dollars == 9
    assert total(model="small").dollars == 1
    assert total(model="none").dollars == 0


def test_conversations_and_visits() -> None:
    one, other = conversation(), conversation()
    for minutes in (200, 190, 175, 100, 60):
        used(timedelta(minutes=minutes), one)
    used(2 * DAY, other)
    used(timedelta(minutes=5), other)
    used(timedelta(minutes=5), None)  # asked from the terminal
    figures = total()
    assert (figures.replies, figures.conversations, figures.visits) == (8, 2, 5)
    assert figures.dollars_per_conversation == Decimal(1)
    assert figures.dollars_per_visit == Decimal(2) / 5


def test_conversations_that_were_counted_stay_counted_when_they_are_deleted() -> None:
    used(5 * HOUR, conversation())
    assert total().conversations == 1
    Conversation.objects.all().delete()
    usage_summaries.sum_again(NOW)
    assert (total().conversations, total().visits) == (1, 1)


def test_rows_that_come_late_are_counted_after_the_next_cleanup() -> None:
    used(5 * HOUR)
    assert total().replies == 1
    used(4 * HOUR)
    used(40 * HOUR)
    assert total().replies == 1
    usage_summaries.sum_again(NOW)
    assert total().replies == 3
    assert total("hour").replies == 3


@pytest.mark.parametrize("ahead", [timedelta(minutes=45), 5 * HOUR, 20 * HOUR, 400 * DAY])
@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_a_clock_that_ran_ahead_spoils_nothing(ahead: timedelta, by: str) -> None:
    used(HOUR)
    used(timedelta(minutes=10))
    usage_summaries.summarise_new_hours(NOW + ahead)
    used(timedelta(minutes=5))
    for _again in range(2):
        assert total(by).replies == 3
    used(timedelta(minutes=-60))
    later = usage_report.report(by, now=NOW + 2 * HOUR).total
    assert later.replies == 4


def test_a_clock_that_ran_ahead_in_the_first_hour_spoils_nothing() -> None:
    used(timedelta(minutes=10))
    usage_summaries.summarise_new_hours(NOW + 5 * HOUR)
    assert total().replies == 1
    used(timedelta(minutes=-60))
    later = NOW + 6 * HOUR
    assert usage_report.report("hour", now=later).total.replies == 2
    assert usage_report.totals(later)["default", "claude-opus-4-7"].replies == 2


def test_rows_of_the_future_wait_for_it() -> None:
    used(HOUR)
    used(-2 * DAY)
    assert total().replies == 1
    assert usage_report.report("day", now=NOW + 3 * DAY).total.replies == 2


def test_errors_refusals_and_estimates() -> None:
    used(HOUR, status=Status.FAILED)
    used(HOUR, status=Status.INTERRUPTED, estimated=True)
    used(HOUR, status=Status.REFUSED)
    used(HOUR, status=Status.STOPPED)
    figures = total()
    assert (figures.errors, figures.refusals, figures.estimated) == (2, 1, 1)


def test_the_share_of_the_cache_counts_the_whole_input() -> None:
    used(HOUR, input_tokens=100, cache_read_tokens=300, cache_write_tokens=100)
    assert total().cache_share == pytest.approx(0.6)
    assert total().tokens == 505


def test_times_are_right_to_a_few_percent() -> None:
    for n in range(1, 101):
        used(HOUR, first_token_ms=10 * n, total_ms=None)
    figures = total()
    assert figures.first_token_p50 == pytest.approx(500, rel=0.03)
    assert figures.first_token_p95 == pytest.approx(950, rel=0.03)
    assert figures.total_p50 is None


def test_summing_up_reads_no_reply_twice() -> None:
    for hours in range(1, 40):
        used(hours * HOUR)
    usage_summaries.summarise_new_hours(NOW)
    with CaptureQueriesContext(connection) as queries:
        usage_summaries.summarise_new_hours(NOW)
    assert len(queries) == 1
    assert Summary.objects.filter(period="hour").count() == 39


def test_holes_of_months_cost_nothing() -> None:
    used(400 * DAY)
    used(HOUR)
    with CaptureQueriesContext(connection) as queries:
        usage_summaries.summarise_new_hours(NOW)
    assert len(queries) < 25
    assert usage_report.totals(NOW)["default", "claude-opus-4-7"].replies == 2


def test_site_limits_are_held_against_their_own_windows(settings: Settings) -> None:
    settings.CHAT_LIMITS = {
        "session": ["20 messages/hour"],
        "site": ["1 usd/hour", "2 usd/day", "1000 tokens/month", "5 messages/minute"],
    }
    used(timedelta())
    used(timedelta(minutes=20))
    used(2 * HOUR)
    used(13 * HOUR)
    used(20 * DAY)
    found = {str(use.limit): use for use in usage_report.site_limits(NOW)}
    assert {name: use.spent for name, use in found.items()} == {
        "1 usd/hour": Decimal("0.5"),
        "2 usd/day": Decimal("0.75"),
        "1000 tokens/month": 60,
        "5 messages/minute": 1,
    }
    assert found["1 usd/hour"].share == 0.5
    assert found["2 usd/day"].resets == datetime(2026, 3, 16, tzinfo=timezone.utc)


def test_an_unknown_period_is_refused() -> None:
    with pytest.raises(ValueError, match="hour, day, month"):
        usage_report.report("week")


def test_sites_without_time_zones_count_the_same(settings: Settings) -> None:
    settings.USE_TZ = False
    settings.TIME_ZONE = "Asia/Kolkata"
    try:
        Usage.objects.create(bot="default", model="m", status=Status.COMPLETE, created=django_now())
        report = usage_report.report("hour")
        assert report.total.replies == 1
        assert report.periods[-1].figures.replies == 1
    finally:
        Job.objects.all().delete()


def test_months_are_stepped_over_years() -> None:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert usage_report.step("month", start, -1) == datetime(2025, 12, 1, tzinfo=timezone.utc)
    assert usage_report.step("month", start, 23) == datetime(2027, 12, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("stored", [None, [], "x", {"a": 1}, {"1": "x"}, {"3": None}])
def test_histograms_of_any_shape_can_be_read(stored: object) -> None:
    assert time_histogram.percentile(time_histogram.merged([stored]), 0.5) is None


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 999, 60_000, 10**9])
def test_a_time_lies_in_its_bucket(milliseconds: int) -> None:
    number = time_histogram.bucket(milliseconds)
    assert time_histogram.middle(number) == pytest.approx(milliseconds, rel=0.026, abs=1)
