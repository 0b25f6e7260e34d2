"""Sums `Usage` into a row for each hour and day, so that pages about months answer at once.

Hours that have ended are summed once; what came since is summed when it is asked for. A row of
`Usage` that comes late, or with a clock that was set back, gets into its hour when the cleanup
sums the last days anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Min, OuterRef, Subquery
from django.utils import timezone as django_timezone

from sitechat import primary
from sitechat.models import Status, Usage
from sitechat.owner.figures import Figures
from sitechat.owner.models import Job, Summary

Key = tuple[datetime, str, str]
"""The start of an hour or day (aware, UTC), the bot and the model."""

JOB = "summaries"

VISIT = timedelta(minutes=30)
"""A visitor who was silent for longer comes back for another visit, as web statistics count."""

SETTLES = timedelta(minutes=10)
"""An hour is summed this long after its end, when what was being written then is committed."""

AGAIN = timedelta(days=3)
"""How much of the past the cleanup sums anew."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ERRORS = frozenset({Status.FAILED, Status.INTERRUPTED})


def catch_up(now: datetime | None = None) -> datetime | None:
    """Sum the hours that have ended since the last time; returns up to when everything is summed.

    None: there was never a reply. The first time, and once where a clock was ahead and is not any
    more, all replies are summed: over 500,000 of them it takes about a minute.
    """
    now = now or datetime.now(timezone.utc)
    end = hour_of(now - SETTLES)
    known = Job.progress(JOB)
    until = in_utc(known) if known else None
    was_ahead = until is not None and until > now
    if was_ahead:  # a clock was wrong then: hours were summed that are not over yet
        _take_out_from(end)
        until = None
    if until is None:
        first = Usage.objects.aggregate(first=Min("created"))["first"]
        if first is None:
            return None
        until = min(hour_of(in_utc(first)), end)
    if until < end or was_ahead:
        sum_up(until, end)
        until = end
        Job.record(JOB, as_stored(until))
    return until


def _take_out_from(moment: datetime) -> None:
    """Delete the rows of the hours from `moment` on; their replies are not to count twice."""
    day = day_of(moment)
    hours = Summary.objects.filter(period=Summary.Period.HOUR, start__gte=as_stored(moment))
    days = Summary.objects.filter(period=Summary.Period.DAY, start__gte=as_stored(day))
    with primary.atomic():
        hours.delete()
        days.delete()
        _write_day(day)


def sum_again(now: datetime | None = None) -> None:
    """Sum the last days anew, for rows that came late."""
    now = now or datetime.now(timezone.utc)
    until = catch_up(now)
    if until is not None:
        sum_up(hour_of(now - AGAIN), until)


def sum_up(start: datetime, end: datetime) -> None:
    """Write the rows of the hours from `start` up to `end`, and those of their days."""
    while start < end:
        first = Usage.objects.filter(created__gte=as_stored(start), created__lt=as_stored(end))
        moment = first.order_by("created").values_list("created", flat=True).first()
        if moment is None:
            return
        start = hour_of(in_utc(moment))
        stop = min(day_of(start) + DAY, end)
        hours = figures_between(start, stop)
        _keep_conversations(start, stop, hours)
        _write(Summary.Period.HOUR, hours)
        _write_day(day_of(start))
        start = stop


def figures_between(start: datetime, end: datetime | None) -> dict[Key, Figures]:
    """The figures of each hour, bot and model, from the replies themselves."""
    usage = Usage.objects.filter(created__gte=as_stored(start))
    if end is not None:
        usage = usage.filter(created__lt=as_stored(end))
    earlier = Usage.objects.filter(
        conversation=OuterRef("conversation"), created__lt=OuterRef("created")
    ).order_by("-created")
    rows = usage.annotate(previous=Subquery(earlier.values("created")[:1])).values(
        *("created", "bot", "model", "status", "conversation_id", "previous", "dollars"),
        *("estimated", "first_token_ms", "total_ms", *TOKENS),
    )
    hours: dict[Key, Figures] = {}
    for row in rows.iterator(chunk_size=5000):
        key = (hour_of(in_utc(row["created"])), row["bot"], row["model"])
        _count(hours.setdefault(key, Figures()), row)
    return hours


TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _count(figures: Figures, row: Mapping[str, Any]) -> None:
    figures.replies += 1
    if row["conversation_id"] is not None:
        previous = row["previous"]
        figures.conversations += previous is None
        figures.visits += previous is None or row["created"] - previous > VISIT
    for name in TOKENS:
        setattr(figures, name, getattr(figures, name) + row[name])
    figures.dollars += row["dollars"]
    figures.estimated += row["estimated"]
    figures.errors += row["status"] in ERRORS
    figures.refusals += row["status"] == Status.REFUSED
    figures.add_time("first_token_ms", row["first_token_ms"])
    figures.add_time("total_ms", row["total_ms"])


def _keep_conversations(start: datetime, end: datetime, hours: dict[Key, Figures]) -> None:
    """What was counted before a conversation was deleted stays counted."""
    known = Summary.objects.filter(
        period=Summary.Period.HOUR, start__gte=as_stored(start), start__lt=as_stored(end)
    ).values_list("start", "bot", "model", "conversations", "visits")
    for begins, bot, model, conversations, visits in known:
        figures = hours.get((in_utc(begins), bot, model))
        if figures is not None:
            figures.conversations = max(figures.conversations, conversations)
            figures.visits = max(figures.visits, visits)


def _write_day(day: datetime) -> None:
    days: dict[Key, Figures] = {}
    hours = Summary.objects.filter(
        period=Summary.Period.HOUR, start__gte=as_stored(day), start__lt=as_stored(day + DAY)
    )
    for row in hours.values():
        days.setdefault((day, row["bot"], row["model"]), Figures()).add(Figures.from_stored(row))
    _write(Summary.Period.DAY, days)


def _write(period: str, figures: Mapping[Key, Figures]) -> None:
    rows = [
        Summary(period=period, start=as_stored(start), bot=bot, model=model, **each.as_stored())
        for (start, bot, model), each in figures.items()
    ]
    if not rows:
        return
    features = connections[primary.alias()].features
    Summary.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=[*Figures().as_stored()],
        unique_fields=["period", "start", "bot", "model"]
        if features.supports_update_conflicts_with_target
        else None,
    )


def summarised(period: str, start: datetime, end: datetime) -> Iterable[tuple[Key, Figures]]:
    """The rows of the hours or days from `start` up to `end`."""
    rows = Summary.objects.filter(
        period=period, start__gte=as_stored(start), start__lt=as_stored(end)
    )
    for row in rows.values():
        yield (in_utc(row["start"]), row["bot"], row["model"]), Figures.from_stored(row)


# Moments: inside of this package they are aware and in UTC, whatever the site's USE_TZ says.


def in_utc(moment: datetime) -> datetime:
    """A moment as the database keeps it, in UTC."""
    if django_timezone.is_naive(moment):
        moment = django_timezone.make_aware(moment)
    return moment.astimezone(timezone.utc)


def as_stored(moment: datetime) -> datetime:
    """A moment in UTC as the site's database keeps it."""
    return moment if settings.USE_TZ else django_timezone.make_naive(moment)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
