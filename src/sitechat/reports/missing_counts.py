"""Count large weeks and months on a thread if the cleanup has not counted them yet.

The admin's report page calls `count_soon`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.db.models import Sum

from sitechat.models import Summary
from sitechat.reports import period_counts, usage_summaries
from sitechat.reports.background_work import BackgroundWork
from sitechat.reports.period_counts import ReportPeriod
from sitechat.runtime.per_process import PerProcess

MAX_IN_REQUEST = 5_000
"""Maximum number of replies in two periods that a request counts itself. With more, a thread does
it."""

WAIT = 0.05
"""Seconds that a request waits for the thread."""


@dataclass(frozen=True)
class CountingProgress:
    """The progress of counting a report, in periods."""

    done: int
    total: int

    @property
    def share(self) -> float:
        """Return the share of periods that are counted, 0 to 1."""
        return self.done / self.total


class _Counter:
    """A thread that counts the periods that pages asked for, and keeps their counts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: dict[ReportPeriod, None] = {}
        self.work = BackgroundWork("count of periods", self._count_all)

    def ask(self, periods: Sequence[ReportPeriod]) -> None:
        """Let the thread count some periods, in this order, after the periods of earlier calls."""
        with self._lock:
            self._asked.update(dict.fromkeys(periods))
        self.work.start()

    def _count_all(self) -> None:
        while (report_period := self._next()) is not None:
            period_counts.store_counts(report_period)

    def _next(self) -> ReportPeriod | None:
        with self._lock:
            report_period = next(iter(self._asked), None)
            if report_period is not None:
                del self._asked[report_period]
            return report_period


def count_soon(period: str, end: datetime | None = None) -> CountingProgress | None:
    """Start a thread that counts the periods of a report, if they are large and not counted yet.

    Args:
        period: `week` or `month`.
        end: The time before which the later period ends; by default now.

    Returns:
        The progress; None if the report can be shown, because its counts are stored or it has so
        few replies that the request can count them.
    """
    boundaries = period_counts.report_boundaries(period, end)
    missing = period_counts.uncounted_periods(period, *boundaries)
    if not missing or _replies(boundaries[0], boundaries[-1]) <= MAX_IN_REQUEST:
        return None
    worker().ask(missing)
    worker().work.wait(WAIT)
    missing = period_counts.uncounted_periods(period, *boundaries)
    total = len(boundaries) - 1
    return CountingProgress(total - len(missing), total) if missing else None


def _replies(start: datetime, end: datetime) -> int:
    days = Summary.objects.filter(
        period=Summary.Period.DAY,
        start__gte=usage_summaries.as_stored(start),
        start__lt=usage_summaries.as_stored(end),
    )
    return days.aggregate(replies=Sum("replies"))["replies"] or 0


worker = PerProcess(_Counter)
