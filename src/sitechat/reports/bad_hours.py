"""Hours in which many replies failed, or many first tokens were slow.

`period_report` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from sitechat.models import Summary
from sitechat.reports import time_histogram, usage_summaries
from sitechat.reports.usage_figures import Figures

MIN_SLOW_MS = 10_000.0
"""Minimum 95th percentile of the time to first token, in milliseconds, of a slow hour."""

MIN_REPLIES = 5
"""Minimum number of replies of a slow or failing hour."""

MIN_FAILED_SHARE = 0.2
"""Minimum share of failed replies, from 0 to 1, of a failing hour."""


@dataclass(frozen=True)
class BadHour:
    """An hour in which many replies failed, or were slow."""

    start: datetime
    replies: int
    errors: int
    first_token: float | None
    """The 95th percentile of the time to the first token, in milliseconds."""

    @property
    def label(self) -> str:
        """Return the hour in UTC as text. Templates would convert a time to the local time zone."""
        return f"{self.start:%Y-%m-%d %H:00}"


def bad_hours(start: datetime, end: datetime) -> list[BadHour]:
    """Return the slow and failing hours of a period, the hours with the most errors first.

    Hours with the same number of errors are ordered by their first tokens, the slowest first.

    Args:
        start: The start of the period, in UTC.
        end: The end of the period (exclusive), in UTC.
    """
    found = [
        BadHour(moment, figures.replies, figures.errors, figures.first_token_p95)
        for moment, figures in sorted(_hours(start, end).items())
        if figures.replies >= MIN_REPLIES
        and (_is_failing(figures) or (figures.first_token_p95 or 0) >= MIN_SLOW_MS)
    ]
    return sorted(found, key=lambda hour: (-hour.errors, -(hour.first_token or 0)))


def _is_failing(figures: Figures) -> bool:
    return figures.errors > 0 and figures.errors / figures.replies >= MIN_FAILED_SHARE


def _hours(start: datetime, end: datetime) -> dict[datetime, Figures]:
    """Return the figures by hour that are needed to find bad hours.

    A month has about 700 hours, each with a row per bot and model. Therefore the histograms of
    times are read only for failing hours, and for days with a slow reply.
    """
    hours: dict[datetime, Figures] = {}
    stored = _stored(Summary.Period.HOUR, start, end)
    for row in stored.values_list("start", "replies", "errors"):
        figures = hours.setdefault(usage_summaries.in_utc(row[0]), Figures())
        figures.replies += row[1]
        figures.errors += row[2]
    days = _slow_days(start, end)
    wanted = [
        moment
        for moment, figures in hours.items()
        if usage_summaries.day_of(moment) in days or _is_failing(figures)
    ]
    times: dict[datetime, list[object]] = {}
    rows = stored.filter(start__in=map(usage_summaries.as_stored, wanted))
    for moment, each in rows.values_list("start", "first_token_ms") if wanted else ():
        times.setdefault(usage_summaries.in_utc(moment), []).append(each)
    for moment, histograms in times.items():
        hours[moment].first_token_ms = time_histogram.merged(histograms)
    until = usage_summaries.summarised_until()
    if until is not None and until < end:
        new = usage_summaries.figures_between(max(start, until), end)
        for (moment, _bot, _model), figures in new.items():
            hours.setdefault(moment, Figures()).add(figures)
    return hours


def _slow_days(start: datetime, end: datetime) -> set[datetime]:
    """Return the days with a reply whose first token was slow."""
    rows = _stored(Summary.Period.DAY, start, end).values_list("start", "first_token_ms")
    return {
        usage_summaries.in_utc(day)
        for day, each in rows
        if time_histogram.slowest(each) >= MIN_SLOW_MS
    }


def _stored(period: str, start: datetime, end: datetime) -> QuerySet[Summary]:
    return Summary.objects.filter(
        period=period,
        start__gte=usage_summaries.as_stored(start),
        start__lt=usage_summaries.as_stored(end),
    )
