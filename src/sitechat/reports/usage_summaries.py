"""Sums of `Usage`, in a row for each hour and day, so that pages about months load fast.

Past hours are summed once, newer usage at every request. The cleanup sums the last days again, to
include rows of `Usage` that were written late or with a wrong clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from django.db import connections
from django.db.models import Min, OuterRef, Q, Subquery

from sitechat.models import Asker, Job, Status, Summary, Usage
from sitechat.reports.usage_figures import Figures
from sitechat.runtime import database
from sitechat.runtime.utc_offsets import stored_moment, with_offset

Key = tuple[datetime, str, str]
"""The start of an hour or day (aware, UTC), the bot and the model."""

JOB = "summaries"
"""The name of the `Job` with the time up to which usage is summed."""

VISIT_PAUSE = timedelta(minutes=30)
"""Maximum time between two questions of one visit, as is usual in web statistics."""

SETTLING_TIME = timedelta(minutes=10)
"""The delay between the end of an hour and its summary, so that all its rows are committed."""

REPEATED_SPAN = timedelta(days=3)
"""The length of the time before now whose usage the cleanup sums again."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

VISITORS = Q(command=None)
"""The condition for replies to visitors."""

COMMANDS = Q(command__isnull=False)
"""The condition for replies to commands, to the admin and to staff."""

LIMITED = Q(command__in=[Asker.DOCTOR, Asker.STAFF])
"""The condition for the replies of COMMANDS that CHAT_LIMITS counts."""

ERRORS = frozenset({Status.FAILED, Status.INTERRUPTED})


def summarise_new_hours(now: datetime | None = None) -> datetime | None:
    """Sum the hours that have ended since the last call.

    The first call sums all replies, and so does a call after the clock was set back. This takes
    about a minute for 500,000 replies.

    Returns:
        The time up to which everything is summed; None if there was never a reply to a visitor.
    """
    now = now or datetime.now(timezone.utc)
    end = hour_of(now - SETTLING_TIME)
    known = Job.progress(JOB)
    until = in_utc(known) if known else None
    was_ahead = until is not None and until > now
    if was_ahead:  # the clock was wrong, so hours were summed that have not ended yet
        _delete_from(end)
        until = None
    if until is None:
        first = Usage.objects.filter(VISITORS).aggregate(first=Min("created"))["first"]
        if first is None:
            return None
        until = min(hour_of(in_utc(first)), end)
    if until < end or was_ahead:
        sum_up(until, end)
        until = end
        Job.record(JOB, as_stored(until))
    return until


def summarised_until() -> datetime | None:
    """Return the time up to which everything is summed; None if nothing has been summed."""
    known = Job.progress(JOB)
    return in_utc(known) if known else None


def _delete_from(moment: datetime) -> None:
    """Delete the rows of the hours from `moment` on, so that their replies don't count twice."""
    day = day_of(moment)
    hours = Summary.objects.filter(period=Summary.Period.HOUR, start__gte=as_stored(moment))
    days = Summary.objects.filter(period=Summary.Period.DAY, start__gte=as_stored(day))
    with database.atomic():
        hours.delete()
        days.delete()
        _write_day(day)


def sum_again(now: datetime | None = None) -> None:
    """Sum the last days again, to include late rows."""
    now = now or datetime.now(timezone.utc)
    until = summarise_new_hours(now)
    if until is not None:
        sum_up(hour_of(now - REPEATED_SPAN), until)


def sum_up(start: datetime, end: datetime) -> None:
    """Write the rows of the hours from `start` to `end` (exclusive), and of their days."""
    while start < end:
        asked = Usage.objects.filter(VISITORS)
        first = asked.filter(created__gte=as_stored(start), created__lt=as_stored(end))
        moment = first.order_by("created").values_list("created", flat=True).first()
        if moment is None:
            return
        # Without USE_TZ, a stored time can be read as an hour too early; see `utc_offsets`.
        start = max(start, hour_of(in_utc(moment)))
        stop = min(day_of(start) + DAY, end)
        hours = figures_between(start, stop)
        _keep_conversations(start, stop, hours)
        _write(Summary.Period.HOUR, hours)
        for day in {day_of(start), *(day_of(hour) for hour, _bot, _model in hours)}:
            _write_day(day)
        start = stop


def figures_between(
    start: datetime, end: datetime | None, asked_by: Q = VISITORS
) -> dict[Key, Figures]:
    """Return the figures of each hour, bot and model, from the rows of `Usage`.

    A conversation counts in the hour of its first reply. A visit counts in the hour of the first
    reply after a pause of more than VISIT_PAUSE.

    Example: A conversation has replies at 10:00, 10:20 and 11:30. The hour from 10:00 has 2
    replies, 1 conversation and 1 visit. The hour from 11:00 has 1 reply, 0 conversations, 1 visit.

    Args:
        start: The start of the period.
        end: Its end (exclusive); None for no end.
        asked_by: The condition for the replies to include.
    """
    usage = Usage.objects.filter(asked_by, created__gte=as_stored(start))
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
    """Add a reply to the figures of its hour. `row` has values of `Usage` and `previous`."""
    figures.replies += 1
    if row["conversation_id"] is not None:
        previous = row["previous"]
        figures.conversations += previous is None
        figures.visits += previous is None or row["created"] - previous > VISIT_PAUSE
    for name in TOKENS:
        setattr(figures, name, getattr(figures, name) + row[name])
    figures.dollars += row["dollars"]
    figures.estimated += row["estimated"]
    figures.errors += row["status"] in ERRORS
    figures.refusals += row["status"] == Status.REFUSED
    figures.add_time("first_token_ms", row["first_token_ms"])
    figures.add_time("total_ms", row["total_ms"])


def _keep_conversations(start: datetime, end: datetime, hours: dict[Key, Figures]) -> None:
    """Keep the stored conversations and visits of each hour if they are higher than the new ones.

    Conversations that were deleted after they had been counted are missing from the new counts.
    """
    known = Summary.objects.filter(
        period=Summary.Period.HOUR, start__gte=as_stored(start), start__lt=as_stored(end)
    ).values_list("start", "bot", "model", "conversations", "visits")
    for begins, bot, model, conversations, visits in known:
        figures = hours.get((in_utc(begins), bot, model))
        if figures is not None:
            figures.conversations = max(figures.conversations, conversations)
            figures.visits = max(figures.visits, visits)


def _write_day(day: datetime) -> None:
    """Write the rows of a day: the sums of the rows of its hours."""
    days: dict[Key, Figures] = {}
    hours = Summary.objects.filter(
        period=Summary.Period.HOUR, start__gte=as_stored(day), start__lt=as_stored(day + DAY)
    )
    for row in hours.values():
        days.setdefault((day, row["bot"], row["model"]), Figures()).add(Figures.from_stored(row))
    _write(Summary.Period.DAY, days)


def _write(period: str, figures: Mapping[Key, Figures]) -> None:
    """Create the rows of hours or days, or update those that exist."""
    rows = [
        Summary(period=period, start=as_stored(start), bot=bot, model=model, **each.as_stored())
        for (start, bot, model), each in figures.items()
    ]
    if not rows:
        return
    features = connections[database.alias()].features
    Summary.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=[*Figures().as_stored()],
        unique_fields=["period", "start", "bot", "model"]
        if features.supports_update_conflicts_with_target
        else None,
    )


def summarised(period: str, start: datetime, end: datetime) -> Iterable[tuple[Key, Figures]]:
    """Yield the rows of the hours or days from `start` to `end` (exclusive)."""
    rows = Summary.objects.filter(
        period=period, start__gte=as_stored(start), start__lt=as_stored(end)
    )
    for row in rows.values():
        yield (in_utc(row["start"]), row["bot"], row["model"]), Figures.from_stored(row)


# In this package, times are aware and in UTC, whatever the site's USE_TZ is.


def in_utc(moment: datetime) -> datetime:
    """Return a time from the database in UTC."""
    return with_offset(moment).astimezone(timezone.utc)


def as_stored(moment: datetime) -> datetime:
    """Return a UTC time as queries need it: unchanged, or naive local time without USE_TZ."""
    return stored_moment(moment)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """Return the start of the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
