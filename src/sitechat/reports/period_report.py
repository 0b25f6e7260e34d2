"""The report of a week or month, compared with the period before.

Questions of commands, of the admin, and of staff in the chat are excluded. Periods are in UTC, as
in CHAT_LIMITS and on Anthropic's bill. If conversations are deleted, figures stay the same, but
lists of questions get shorter, because they are read from the conversations. `report_mail` and the
admin show the report.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID

from sitechat.ledger.limits import NANO, current_limits
from sitechat.models import Conversation, Message, Role, Summary, Unanswered
from sitechat.reports import period_counts, unanswered_questions, usage_summaries
from sitechat.reports.bad_hours import BadHour, bad_hours
from sitechat.reports.period_counts import PERIODS, CountedPeriod
from sitechat.reports.question_similarity import grouped
from sitechat.reports.usage_figures import Figures
from sitechat.reports.usage_summaries import DAY, day_of
from sitechat.runtime import database

MAX_COMPARED = 500
"""Number of questions, the newest ones, among which frequent questions are searched."""

MAX_LISTED = 10
"""Maximum number of entries in a list."""


@dataclass(frozen=True)
class PeriodFigures:
    """The figures of one period."""

    conversations: int
    visitors: int
    questions: int
    """Questions that got a reply, even a failed one."""
    answered: float | None
    """The share of replies that did not fail, were no refusals, and are not listed as unanswered.

    From 0 to 1; None without replies.
    """
    without_person: float | None
    """The share of conversations that no person joined, 0 to 1; None without conversations."""
    likes: int
    dislikes: int
    unanswered: int
    contacts: int
    dollars: Decimal
    resolved: int
    """Conversations without a person and without an unanswered question."""

    @property
    def dollars_per_resolved(self) -> Decimal | None:
        """Return the cost per resolved conversation; None if no conversation was resolved."""
        return self.dollars / self.resolved if self.resolved else None


@dataclass(frozen=True)
class FrequentQuestion:
    """A question, how often it was asked in similar words, and the newest conversation with it."""

    text: str
    count: int
    conversation: UUID
    reply: UUID | None = None
    """The reply to the question, if it is listed as unanswered."""


@dataclass(frozen=True)
class PeriodReport:
    """The figures of a period and of the period before, with lists of questions and hours."""

    period: str
    start: datetime
    end: datetime
    figures: PeriodFigures
    before: PeriodFigures
    days: Sequence[tuple[datetime, Figures]]
    budget: Decimal | None
    """The dollars that CHAT_LIMITS allows the site in the period; None without such a limit."""
    unanswered: Sequence[FrequentQuestion] = field(default_factory=list)
    """Open unanswered questions, one for each of the largest groups of similar questions."""
    frequent: Sequence[FrequentQuestion] = field(default_factory=list)
    """Questions that were asked at least twice in similar words, the most frequent first."""
    bad_hours: Sequence[BadHour] = field(default_factory=list)

    @property
    def first_day(self) -> date:
        """Return the first day of the period."""
        return self.start.date()

    @property
    def last_day(self) -> date:
        """Return the last day of the period."""
        return (self.end - DAY).date()

    @property
    def is_empty(self) -> bool:
        """Return whether nobody asked anything."""
        return self.figures.questions == 0

    @property
    def budget_share(self) -> float | None:
        """Return the share of the budget that was spent; None without a budget."""
        return float(self.figures.dollars / self.budget) if self.budget else None


def period_report(period: str, *, end: datetime | None = None) -> PeriodReport:
    """Return the report of the last whole week (from Monday) or month.

    Replies that have not been reviewed are not counted as unanswered.

    Args:
        period: `week` or `month`.
        end: The time before which the period ends; by default now.

    Raises:
        ValueError: `period` is not valid.
    """
    if period not in PERIODS:
        raise ValueError(f"period is {period!r}; valid are {', '.join(PERIODS)}.")
    earlier, start, finish = period_counts.report_boundaries(period, end)
    usage_summaries.summarise_new_hours(datetime.now(timezone.utc))
    days: dict[datetime, Figures] = {}
    for moment, figures in _sums(start, finish).items():
        days.setdefault(day_of(moment), Figures()).add(figures)
    before, counts = period_counts.counts_of(period, earlier, start, finish)
    whole_days = [start + n * DAY for n in range((finish - start).days)]
    return PeriodReport(
        period=period,
        start=start,
        end=finish,
        figures=_figures(days, counts),
        before=_figures(_sums(earlier, start), before),
        days=[(day, days.get(day, Figures())) for day in whole_days],
        budget=_budget(start, finish),
        unanswered=_unanswered(start, finish),
        frequent=_frequent(start, finish),
        bad_hours=bad_hours(start, finish)[:MAX_LISTED],
    )


def reviewed_report(period: str) -> PeriodReport:
    """Review new replies, and return the report of the last whole week or month.

    Raises:
        ValueError: `period` is not valid.
    """
    database.retry(unanswered_questions.review_new_replies)
    period_counts.drop_provisional()
    return period_report(period)


def _sums(start: datetime, end: datetime) -> dict[datetime, Figures]:
    """Return the figures by the start of each day, or of each hour that is not summed up yet."""
    sums: dict[datetime, Figures] = {}
    for (moment, _bot, _model), figures in usage_summaries.summarised(
        Summary.Period.DAY, start, end
    ):
        sums.setdefault(moment, Figures()).add(figures)
    until = usage_summaries.summarised_until()
    if until is not None and until < end:
        new = usage_summaries.figures_between(max(start, until), end)
        for (moment, _bot, _model), figures in new.items():
            sums.setdefault(moment, Figures()).add(figures)
    return sums


def _figures(sums: Mapping[datetime, Figures], counts: CountedPeriod) -> PeriodFigures:
    """Return the figures of a period from its sums of usage and its counts."""
    total = Figures()
    for figures in sums.values():
        total.add(figures)
    # A refusal that got a thumb down, or whose question was asked again, counts once.
    failed = total.errors + total.refusals + counts.unanswered - counts.refused
    return PeriodFigures(
        conversations=counts.conversations,
        visitors=counts.visitors,
        questions=total.replies,
        answered=max(0.0, 1 - failed / total.replies) if total.replies else None,
        without_person=(
            1 - counts.with_person / counts.conversations if counts.conversations else None
        ),
        likes=counts.likes,
        dislikes=counts.dislikes,
        unanswered=counts.unanswered,
        contacts=counts.contacts,
        dollars=total.dollars,
        resolved=counts.resolved,
    )


def _budget(start: datetime, end: datetime) -> Decimal | None:
    """Return the dollars that the strictest limit of the site allows; None if there is no limit."""
    days = [start + n * DAY for n in range((end - start).days)]
    budgets = [
        _allowed(Decimal(limit.cap) / NANO, limit.period, days)
        for limit in current_limits()
        if limit.scope == "site" and limit.unit == "usd"
    ]
    return min(budgets, default=None)


def _allowed(cap: Decimal, period: str, days: Sequence[datetime]) -> Decimal:
    """Return the dollars that a limit allows on some days.

    A limit per month is divided by the days of that month.
    """
    if period != "month":
        return cap * {"minute": 1440, "hour": 24, "day": 1}[period] * len(days)
    months = Counter((day.year, day.month) for day in days)
    parts = (cap * count / monthrange(*month)[1] for month, count in months.items())
    return sum(parts, Decimal(0))


def _unanswered(start: datetime, end: datetime) -> list[FrequentQuestion]:
    rows = Unanswered.objects.open().filter(
        created__gte=usage_summaries.as_stored(start), created__lt=usage_summaries.as_stored(end)
    )
    groups: dict[UUID, list[Unanswered]] = {}
    for row in rows.order_by("-created")[:MAX_COMPARED]:
        groups.setdefault(row.group or row.reply_id, []).append(row)
    largest = sorted(groups.values(), key=len, reverse=True)[:MAX_LISTED]
    return [
        FrequentQuestion(_short(g[0].question), len(g), g[0].conversation_id, g[0].reply_id)
        for g in largest
    ]


def _frequent(start: datetime, end: datetime) -> list[FrequentQuestion]:
    start, end = usage_summaries.as_stored(start), usage_summaries.as_stored(end)
    # Each conversation has a question, so this many conversations are enough. An index on their
    # time finds them. Messages have no such index.
    newest = Conversation.objects.filter(command=None, updated__gte=start, created__lt=end)
    conversations = list(newest.order_by("-updated").values_list("pk", flat=True)[:MAX_COMPARED])
    asked = Message.objects.filter(
        role=Role.USER, conversation__in=conversations, created__gte=start, created__lt=end
    )
    rows = asked.order_by("-created").values_list("conversation_id", "text")[:MAX_COMPARED]
    groups = grouped(((conversation, text), text) for conversation, text in rows)
    return [
        FrequentQuestion(_short(group[0][1]), len(group), group[0][0])
        for group in groups[:MAX_LISTED]
        if len(group) > 1
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}\u2026"
