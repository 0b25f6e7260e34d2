"""Counts of conversations, visitors, ratings, unanswered questions and contacts in a period.

A `ReportPeriod` is a week or month. A `CountedPeriod` has its counts. They are stored as JSON in a
`PeriodCounts` row, which is kept after the conversations are deleted:

- Before the cleanup deletes conversations, it stores the counts of the last two weeks and months.
- `missing_counts` stores the counts of large periods on a thread when a page needs them.

A report shows two consecutive periods (`report_boundaries`). `counts_of` reads their stored counts,
and counts a period without them at each call. Unanswered questions are known only after
`unanswered_questions` has reviewed the replies. Counts that are stored earlier are marked as
provisional, and are replaced after the review.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum

from sitechat.models import (
    Contact,
    Conversation,
    HandoffEntry,
    PeriodCounts,
    Status,
    Unanswered,
)
from sitechat.reports import unanswered_questions, usage_summaries
from sitechat.reports.thumb_counts import Thumbs, count_thumbs

PERIODS = ("week", "month")

PROVISIONAL = "provisional"
"""The key that marks stored counts as made before all replies had been reviewed."""

OF_COMMANDS = Conversation.objects.filter(pk=OuterRef("conversation"), command__isnull=False)
"""A subquery for the conversation of a row, if no visitor started it (see `Asker`)."""


@dataclass(frozen=True)
class ReportPeriod:
    """A week or month, in UTC."""

    period: str
    """`week` or `month`."""
    start: datetime
    end: datetime
    """The start of the following period."""


@dataclass(frozen=True)
class CountedPeriod:
    """The counts of one period."""

    conversations: int = 0
    visitors: int = 0
    with_person: int = 0
    """Conversations that a person joined."""
    resolved: int = 0
    """Conversations without a person and without an unanswered question."""
    likes: int = 0
    dislikes: int = 0
    unanswered: int = 0
    refused: int = 0
    """Unanswered questions whose replies are refusals, except questions with the reason UNKNOWN."""
    contacts: int = 0

    @classmethod
    def from_stored(cls, stored: object) -> CountedPeriod:
        """Return the counts in a row; 0 for counts that an older version did not store."""
        known: dict[str, Any] = stored if isinstance(stored, dict) else {}
        names = [field.name for field in fields(cls)]
        return cls(**{name: known[name] for name in names if isinstance(known.get(name), int)})


def last_boundaries(period: str, moment: datetime) -> tuple[datetime, datetime, datetime]:
    """Return the boundaries of the last two whole periods before a time, in UTC.

    Args:
        period: `week` or `month`.
        moment: An aware time.

    Returns:
        The start of the earlier period, the start of the later one, and its end.
    """
    end = _start_of(period, moment)
    start = _start_of(period, end - timedelta(days=1))
    return _start_of(period, start - timedelta(days=1)), start, end


def report_boundaries(
    period: str, end: datetime | None = None
) -> tuple[datetime, datetime, datetime]:
    """Return the boundaries of the two periods of a report.

    Args:
        period: `week` or `month`.
        end: The time before which the later period ends; by default now. A time in the future
            counts as now.

    Returns:
        The start of the earlier period, the start of the later one, and its end.
    """
    now = datetime.now(timezone.utc)
    return last_boundaries(period, min(end or now, now))


def _start_of(period: str, moment: datetime) -> datetime:
    day = usage_summaries.day_of(moment.astimezone(timezone.utc))
    return day.replace(day=1) if period == "month" else day - timedelta(days=day.weekday())


def counts_of(period: str, *boundaries: datetime) -> list[CountedPeriod]:
    """Return the counts of consecutive periods: stored ones, even provisional, or new ones.

    New counts are not stored.

    Args:
        period: `week` or `month`.
        boundaries: The starts of the periods, and the end of the last one.
    """
    stored = _stored(period, boundaries)
    kept = {start: CountedPeriod.from_stored(counts) for start, counts in stored.items()}
    if kept.keys() >= set(boundaries[:-1]):
        return [kept[start] for start in boundaries[:-1]]
    thumbs = count_thumbs(*boundaries)
    return [
        kept.get(start) or _count(start, end, given)
        for (start, end), given in zip(pairwise(boundaries), thumbs, strict=True)
    ]


def uncounted_periods(period: str, *boundaries: datetime) -> list[ReportPeriod]:
    """Return those of some consecutive periods whose counts must be stored.

    A period is returned if it has no stored counts. It is also returned if its stored counts are
    provisional, and all replies have been reviewed by now.

    Args:
        period: `week` or `month`.
        boundaries: The starts of the periods, and the end of the last one.
    """
    stored = _stored(period, boundaries)
    provisional = {start for start, counts in stored.items() if _is_provisional(counts)}
    counted = set(stored)
    if provisional and not unanswered_questions.count_new_replies(1):
        counted -= provisional
    return [
        ReportPeriod(period, start, end)
        for start, end in pairwise(boundaries)
        if start not in counted
    ]


def _stored(period: str, boundaries: Sequence[datetime]) -> dict[datetime, object]:
    rows = PeriodCounts.objects.filter(
        period=period, start__in=map(usage_summaries.as_stored, boundaries[:-1])
    )
    return {usage_summaries.in_utc(row.start): row.counts for row in rows}


def _is_provisional(counts: object) -> bool:
    return isinstance(counts, dict) and bool(counts.get(PROVISIONAL))


def store_counts(report_period: ReportPeriod) -> None:
    """Count a period and store its counts, as provisional if not all replies are reviewed."""
    is_provisional = bool(unanswered_questions.count_new_replies(1))
    [thumbs] = count_thumbs(report_period.start, report_period.end)
    counts: dict[str, object] = asdict(_count(report_period.start, report_period.end, thumbs))
    if is_provisional:
        counts[PROVISIONAL] = True
    PeriodCounts.objects.update_or_create(
        period=report_period.period,
        start=usage_summaries.as_stored(report_period.start),
        defaults={"counts": counts},
    )


def drop_provisional() -> None:
    """Delete stored counts that were made before all replies had been reviewed."""
    PeriodCounts.objects.filter(**{f"counts__{PROVISIONAL}": True}).delete()


def store_last_counts(cutoff: datetime) -> None:
    """Store the counts of the last two whole weeks and months, and delete provisional counts.

    A period that starts after `cutoff` is counted again at each call. An earlier one keeps its
    stored counts, because some of its conversations may have been deleted.

    Args:
        cutoff: The time before which conversations are deleted.
    """
    drop_provisional()
    for report_period in _last_periods():
        start = usage_summaries.as_stored(report_period.start)
        kept = PeriodCounts.objects.filter(period=report_period.period, start=start)
        if start >= cutoff or not kept.exists():
            store_counts(report_period)


def _last_periods() -> Iterator[ReportPeriod]:
    for period in PERIODS:
        boundaries = last_boundaries(period, datetime.now(timezone.utc))
        for start, end in pairwise(boundaries):
            yield ReportPeriod(period, start, end)


def _count(start: datetime, end: datetime, thumbs: Thumbs) -> CountedPeriod:
    """Count the conversations that were active in a period, and what was created in it."""
    in_period = Q(
        created__gte=usage_summaries.as_stored(start), created__lt=usage_summaries.as_stored(end)
    )
    active = Conversation.objects.filter(
        command=None,
        updated__gte=usage_summaries.as_stored(start),
        created__lt=usage_summaries.as_stored(end),
    )
    known = _conversations_and_visitors(active)
    joins = HandoffEntry.objects.filter(
        kind=HandoffEntry.Kind.JOINED, handoff__conversation__in=active
    )
    joined = set(joins.values_list("handoff_id", flat=True))
    unanswered = Unanswered.objects.filter(in_period).exclude(rating__gt=0)
    without_answer = list(unanswered.values_list("conversation_id", flat=True))
    refused = unanswered.exclude(reason=Unanswered.Reason.UNKNOWN).filter(
        reply__status=Status.REFUSED
    )
    return CountedPeriod(
        **known,
        with_person=len(joined),
        resolved=max(0, known["conversations"] - len(joined.union(without_answer))),
        likes=thumbs.up,
        dislikes=thumbs.down,
        unanswered=len(without_answer),
        refused=refused.count(),
        contacts=Contact.objects.filter(in_period).exclude(Exists(OF_COMMANDS)).count(),
    )


def _conversations_and_visitors(active: Any) -> dict[str, int]:
    """Return the numbers of conversations and of visitors.

    The query groups by visitor first, because databases sort all texts for COUNT(DISTINCT).
    """
    anonymous = Q(user_id=None)
    by_visitor = active.order_by().values("user_id", "visitor").annotate(number=Count("pk"))
    known = by_visitor.aggregate(
        conversations=Sum("number"),
        users=Count("user_id", distinct=True, filter=~anonymous),
        visitors=Count("visitor", filter=anonymous & ~Q(visitor="")),
        others=Sum("number", filter=anonymous & Q(visitor="")),
    )
    return {
        "conversations": known["conversations"] or 0,
        "visitors": known["users"] + known["visitors"] + (known["others"] or 0),
    }
