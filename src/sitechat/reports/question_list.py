"""The list of unanswered questions: filters, and pages of groups of similar questions.

`unanswered_questions` decides which questions count as unanswered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from sitechat.models import Unanswered

SHOWN_FIELDS = (
    *("conversation_id", "reply_id", "reason", "question", "group", "created", "done"),
    *("reply__text", "reply__rating", "reply__comment"),
)
"""The fields of a question and its reply that the list shows."""

GROUPS_PER_PAGE = 25
"""Number of groups on one page."""

MAX_LOADED = 10
"""Maximum number of questions that are read per group."""

MAX_EXPORTED = 50_000
"""Maximum number of questions in one export."""


@dataclass(frozen=True)
class QuestionFilter:
    """The filters for the listed questions. Empty values do not filter."""

    done: bool = False
    bot: str = ""
    language: str = ""
    reason: str = ""
    since: date | None = None
    """The first day, in the site's time zone."""
    until: date | None = None
    """The last day, inclusive, in the site's time zone."""

    def rows(self) -> QuerySet[Unanswered]:
        """Return the questions that match, open or done, the newest first."""
        rows = Unanswered.objects.exclude(done=None) if self.done else Unanswered.objects.open()
        if self.bot:
            rows = rows.filter(conversation__bot=self.bot)
        if self.language:
            rows = rows.filter(language=self.language)
        if self.reason:
            rows = rows.filter(reason=self.reason)
        if self.since:
            rows = rows.filter(created__gte=_midnight(self.since))
        if self.until:
            rows = rows.filter(created__lt=_midnight(self.until + timedelta(days=1)))
        return rows.order_by("-created", "-pk")


@dataclass(frozen=True)
class QuestionGroup:
    """Similar questions, the newest first."""

    key: UUID
    """`Unanswered.group`; for a question without a group, the id of its reply."""
    count: int
    """The number of questions in the group."""
    newest: datetime
    """When the newest question was asked."""
    rows: Sequence[Unanswered]
    """The newest questions, at most MAX_LOADED."""


@dataclass(frozen=True)
class GroupPage:
    """One page of groups, the largest first."""

    groups: Sequence[QuestionGroup]
    number: int
    has_more: bool


def group_page(chosen: QuestionFilter, number: int = 1) -> GroupPage:
    """Return a page of groups of the questions that match. The numbers of pages start at 1."""
    rows = chosen.rows().annotate(key=Coalesce("group", "reply_id"))
    counted = (
        rows.order_by()
        .values("key")
        .annotate(count=Count("pk"), newest=Max("created"))
        .order_by("-count", "-newest", "key")
    )
    start = (number - 1) * GROUPS_PER_PAGE
    found = list(counted[start : start + GROUPS_PER_PAGE + 1])
    page = found[:GROUPS_PER_PAGE]
    loaded: dict[UUID, list[Unanswered]] = {each["key"]: [] for each in page}
    for row in _newest(rows, [*loaded]):
        loaded[row.group or row.reply_id].append(row)
    groups = [
        QuestionGroup(each["key"], each["count"], each["newest"], loaded[each["key"]])
        for each in page
        if loaded[each["key"]]
    ]
    return GroupPage(groups, number, len(found) > GROUPS_PER_PAGE)


def _newest(rows: QuerySet[Any], keys: Sequence[UUID]) -> QuerySet[Unanswered]:
    """Return the newest questions of some groups, with their replies."""
    place = Window(
        RowNumber(), partition_by=F("key"), order_by=[F("created").desc(), F("pk").desc()]
    )
    # Join the replies only with these questions, not with all of them.
    newest = rows.filter(_in_groups(keys)).annotate(place=place).filter(place__lte=MAX_LOADED)
    newest = newest.order_by()
    found = Unanswered.objects.filter(pk__in=list(newest.values_list("pk", flat=True)))
    return found.select_related("reply").only(*SHOWN_FIELDS).order_by("-created", "-pk")


def _in_groups(keys: Sequence[UUID]) -> Q:
    """Return the condition for the questions of some groups.

    It uses indexes, so that only the questions of these groups are read. A condition on the
    annotation `key` would read all questions.
    """
    return Q(group__in=keys) | Q(group=None, reply__in=keys)


def question_ids(chosen: QuestionFilter, key: UUID, until: datetime) -> list[int]:
    """Return the primary keys of the questions of a group that match a filter.

    Args:
        chosen: The filter.
        key: The `QuestionGroup.key`.
        until: The time of the newest question to include.
    """
    rows = chosen.rows().filter(_in_groups([key]), created__lte=until)
    return list(rows.values_list("pk", flat=True))


def languages() -> list[str]:
    """Return the languages of all questions, open or done, for the filter."""
    known = Unanswered.objects.exclude(language=None).order_by("language")
    return [each for each in known.values_list("language", flat=True).distinct() if each]


def _midnight(day: date) -> datetime:
    start = datetime.combine(day, time())
    return timezone.make_aware(start) if settings.USE_TZ else start
