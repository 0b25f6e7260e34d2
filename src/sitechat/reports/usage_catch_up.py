"""Summing of past usage on a thread, so that no request waits if many replies are left.

The admin's usage page and the metrics call `catch_up`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from django.db.models import Sum

from sitechat.models import Job, Summary, Usage
from sitechat.reports import usage_summaries
from sitechat.reports.background_work import BackgroundWork
from sitechat.runtime.per_process import PerProcess

MAX_IN_REQUEST = 2_000
"""Maximum number of replies that a request sums up itself. With more, a thread does it."""

WAIT = 0.05
"""Seconds that a request waits for the thread."""


@dataclass(frozen=True)
class SummingProgress:
    """The progress of summing up past usage, in replies."""

    done: int
    total: int

    @property
    def share(self) -> float:
        """Return the share of replies that are summed up, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 1.0


def catch_up() -> SummingProgress | None:
    """Start a thread that sums up past usage, if more than MAX_IN_REQUEST replies are left.

    Returns:
        The progress; None if a request can sum up what is left.
    """
    if not _is_much_left():
        return None
    worker().start()
    if worker().wait(WAIT) and not _is_much_left():
        return None
    summed = Summary.objects.filter(period=Summary.Period.HOUR).aggregate(Sum("replies"))
    total = Usage.objects.filter(usage_summaries.VISITORS).count()
    return SummingProgress(summed["replies__sum"] or 0, total)


def _is_much_left() -> bool:
    replies = Usage.objects.filter(usage_summaries.VISITORS)
    until = usage_summaries.summarised_until()
    if until is not None and until > datetime.now(timezone.utc):
        until = None  # the clock was ahead: everything is summed up again
    left = replies.filter(created__gte=usage_summaries.as_stored(until)) if until else replies
    return left.order_by().values("pk")[: MAX_IN_REQUEST + 1].count() > MAX_IN_REQUEST


def sum_up_past(now: datetime | None = None) -> None:
    """Sum up all hours that have ended, day by day. The next call continues an interrupted one."""
    now = now or datetime.now(timezone.utc)
    end = usage_summaries.hour_of(now - usage_summaries.SETTLING_TIME)
    until = usage_summaries.summarised_until()
    if until is not None and until > now:
        usage_summaries.summarise_new_hours(now)
    start = usage_summaries.summarised_until() or _first_hour()
    while start is not None and start < end:
        stop = min(usage_summaries.day_of(start) + usage_summaries.DAY, end)
        usage_summaries.sum_up(start, stop)
        Job.record(usage_summaries.JOB, usage_summaries.as_stored(stop))
        # Do not read the recorded time. Without USE_TZ, it can be read as an hour too early; see
        # `utc_offsets`.
        start = stop


def _first_hour() -> datetime | None:
    first = Usage.objects.filter(usage_summaries.VISITORS).order_by("created")
    moment = first.values_list("created", flat=True).first()
    return usage_summaries.hour_of(usage_summaries.in_utc(moment)) if moment is not None else None


worker = PerProcess(lambda: BackgroundWork("summing", sum_up_past))
