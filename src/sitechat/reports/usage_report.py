"""Usage and cost by hour, day or month, by model and bot, and the use of the site's limits.

The admin's usage page and the metrics call this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from itertools import chain

from sitechat.ledger.limits import Limit, current_limits, readable_amount, window
from sitechat.models import Summary
from sitechat.reports import usage_summaries
from sitechat.reports.usage_figures import Figures
from sitechat.reports.usage_summaries import DAY, HOUR, Key, day_of, hour_of

SPANS = {"hour": 48, "day": 30, "month": 12}
"""The number of hours, days or months in a report."""

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""A time before the first reply of any site."""


@dataclass(frozen=True)
class UsageRow:
    """The figures of a period, a model or a bot."""

    label: str
    figures: Figures
    start: datetime | None = None
    """The start of the period, in UTC; None for a model or bot."""


@dataclass(frozen=True)
class UsageReport:
    """The figures of a time span from `start` to `end` (exclusive), in UTC."""

    by: str
    """`hour`, `day` or `month`."""
    start: datetime
    end: datetime
    periods: list[UsageRow]
    models: list[UsageRow]
    bots: list[UsageRow]
    total: Figures
    details: dict[Key, Figures]
    """Figures by start of the period, bot and model."""


@dataclass(frozen=True)
class LimitUse:
    """A limit of the site and its use in the current window: a minute, hour, day or month (UTC)."""

    limit: Limit
    spent: Decimal
    """What is used, in the unit of the limit: dollars, tokens or messages."""
    cap: Decimal
    """The limit, in the same unit."""
    resets: datetime
    """The end of the window, in UTC."""

    @property
    def share(self) -> float:
        """The used share. It can exceed 1, for example after the limit was lowered."""
        return float(self.spent / self.cap)


def report(
    by: str,
    *,
    end: datetime | None = None,
    bot: str = "",
    model: str = "",
    commands: bool = False,
    now: datetime | None = None,
) -> UsageReport:
    """Return the figures of a time span.

    Days and months are in UTC, as in CHAT_LIMITS and on Anthropic's bill.

    Args:
        by: `hour`, `day` or `month`.
        end: The end of the span (exclusive); by default now.
        bot: The bot whose replies are included; empty for all bots.
        model: The model whose replies are included; empty for all models.
        commands: Whether to include questions of commands, of the admin, and of staff in the chat.
        now: The time of the report; by default the current time.

    Raises:
        ValueError: `by` is not valid.
    """
    if by not in SPANS:
        raise ValueError(f"by is {by!r}; valid are {', '.join(SPANS)}.")
    now = now or datetime.now(timezone.utc)
    start, finish = _span(by, end, now)
    periods = {moment: Figures() for moment in _periods(by, start, finish)}
    total, models, bots = Figures(), dict[str, Figures](), dict[str, Figures]()
    details: dict[Key, Figures] = {}
    counted = _figures(by, start, finish, now)
    if commands:
        asked = usage_summaries.figures_between(start, finish, usage_summaries.COMMANDS)
        counted = chain(counted, asked.items())
    for (moment, of_bot, of_model), figures in counted:
        if (bot and of_bot != bot) or (model and of_model != model):
            continue
        begins = period_of(by, moment)
        if begins not in periods:
            continue
        for sums in (
            periods[begins],
            total,
            models.setdefault(of_model, Figures()),
            bots.setdefault(of_bot, Figures()),
            details.setdefault((begins, of_bot, of_model), Figures()),
        ):
            sums.add(figures)
    return UsageReport(
        by=by,
        start=start,
        end=finish,
        periods=[UsageRow(label(by, moment), each, moment) for moment, each in periods.items()],
        models=_most_expensive_first(models),
        bots=_most_expensive_first(bots),
        total=total,
        details=dict(sorted(details.items())),
    )


def _span(by: str, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the start of the first period of a report, and the end of the last one."""
    last = period_of(by, min(end, now) if end else now)
    if end and last == end:
        last = step(by, last, -1)
    return step(by, last, 1 - SPANS[by]), step(by, last, 1)


def site_limits(now: datetime | None = None) -> list[LimitUse]:
    """Return the limits of scope `site`, with their use in the current window (see `LimitUse`)."""
    now = now or datetime.now(timezone.utc)
    return [_use_of(limit, now) for limit in current_limits() if limit.scope == "site"]


def _use_of(limit: Limit, now: datetime) -> LimitUse:
    """Return the use of a limit: of replies to visitors, and of the replies of LIMITED."""
    frame = window(limit.period, now)
    used = Figures()
    commands = usage_summaries.figures_between(frame.start, frame.end, usage_summaries.LIMITED)
    for figures in commands.values():
        used.add(figures)
    if limit.period == "minute":
        for figures in usage_summaries.figures_between(frame.start, frame.end).values():
            used.add(figures)
    else:
        by = "hour" if limit.period in ("hour", "day") else "day"
        for (moment, _bot, _model), figures in _figures(by, frame.start, frame.end, now):
            if frame.start <= moment < frame.end:
                used.add(figures)
    counts = {"tokens": used.tokens, "messages": used.replies}
    spent = used.dollars if limit.unit == "usd" else Decimal(counts[limit.unit])
    return LimitUse(limit, spent, readable_amount(limit.unit, limit.cap), frame.end)


def totals(now: datetime | None = None) -> dict[tuple[str, str], Figures]:
    """Return the usage of all replies to visitors so far, by bot and model.

    The figures never decrease, as Prometheus requires of counters. A deletion may reduce the
    conversations and visits of an hour that is not summed up yet, so these are not counted.
    """
    now = now or datetime.now(timezone.utc)
    found: dict[tuple[str, str], Figures] = {}
    until = usage_summaries.summarise_new_hours(now)
    if until is None:
        return found
    for (_moment, bot, model), figures in usage_summaries.summarised(
        Summary.Period.DAY, EPOCH, now
    ):
        found.setdefault((bot, model), Figures()).add(figures)
    for (_moment, bot, model), figures in usage_summaries.figures_between(until, None).items():
        figures.conversations = figures.visits = 0
        found.setdefault((bot, model), Figures()).add(figures)
    return found


def _figures(
    by: str, start: datetime, end: datetime, now: datetime
) -> Iterator[tuple[Key, Figures]]:
    """Yield stored sums, then the figures since the last stored hour."""
    until = usage_summaries.summarise_new_hours(now)
    if until is None:
        return
    period = Summary.Period.HOUR if by == "hour" else Summary.Period.DAY
    yield from usage_summaries.summarised(period, start, end)
    if end > until:
        yield from usage_summaries.figures_between(max(start, until), None).items()


def _most_expensive_first(rows: dict[str, Figures]) -> list[UsageRow]:
    ordered = sorted(rows.items(), key=lambda item: (-item[1].dollars, -item[1].replies, item[0]))
    return [UsageRow(name, figures) for name, figures in ordered]


def period_of(by: str, moment: datetime) -> datetime:
    """Return the start of the hour, day or month of a time."""
    if by == "hour":
        return hour_of(moment)
    day = day_of(moment)
    return day if by == "day" else day.replace(day=1)


def step(by: str, start: datetime, count: int) -> datetime:
    """Return the start of the period that is `count` periods later, or earlier if negative."""
    if by != "month":
        return start + count * (HOUR if by == "hour" else DAY)
    months = start.year * 12 + start.month - 1 + count
    return start.replace(year=months // 12, month=months % 12 + 1)


def _periods(by: str, start: datetime, end: datetime) -> Iterable[datetime]:
    while start < end:
        yield start
        start = step(by, start, 1)


def label(by: str, start: datetime) -> str:
    """Return a period's name, which is sortable and the same in every language."""
    formats = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "month": "%Y-%m"}
    return start.strftime(formats[by])
