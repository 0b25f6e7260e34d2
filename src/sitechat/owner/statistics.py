"""What the chat did and cost, by hour, day and month, by model and bot, against the budgets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from sitechat.limits import Limit, current_limits, shown, window
from sitechat.owner import summaries
from sitechat.owner.figures import Figures
from sitechat.owner.models import Summary
from sitechat.owner.summaries import DAY, HOUR, Key, day_of, hour_of

SPANS = {"hour": 48, "day": 30, "month": 12}
"""How many hours, days or months a report shows."""


EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Row:
    """The figures of a period, a model or a bot."""

    label: str
    figures: Figures
    start: datetime | None = None


@dataclass(frozen=True)
class Report:
    """Figures of a span of time. `start` and `end` are in UTC, `end` is not part of it."""

    by: str
    start: datetime
    end: datetime
    periods: list[Row]
    models: list[Row]
    bots: list[Row]
    total: Figures
    details: dict[Key, Figures]
    """By the start of the period, the bot and the model."""


@dataclass(frozen=True)
class Budget:
    """One of the site's limits, and what the replies of its current window have used."""

    limit: Limit
    spent: Decimal
    cap: Decimal
    resets: datetime

    @property
    def share(self) -> float:
        """0 and more; over 1 where replies cost more than was reserved for them."""
        return float(self.spent / self.cap)


def report(
    by: str,
    *,
    end: datetime | None = None,
    bot: str = "",
    model: str = "",
    now: datetime | None = None,
) -> Report:
    """The figures by `hour`, `day` or `month`, of the span that ends before `end` (now).

    Days and months are those of UTC's calendar, as in CHAT_LIMITS and on Anthropic's bill.
    Raises ValueError for another `by`.
    """
    if by not in SPANS:
        raise ValueError(f"by is {by!r}; valid are {', '.join(SPANS)}.")
    now = now or datetime.now(timezone.utc)
    last = period_of(by, min(end, now) if end else now)
    if end and last == end:
        last = step(by, last, -1)
    start = step(by, last, 1 - SPANS[by])
    finish = step(by, last, 1)
    periods = {moment: Figures() for moment in _periods(by, start, finish)}
    total, models, bots = Figures(), dict[str, Figures](), dict[str, Figures]()
    details: dict[Key, Figures] = {}
    for (moment, of_bot, of_model), figures in _figures(by, start, finish, now):
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
    return Report(
        by=by,
        start=start,
        end=finish,
        periods=[Row(label(by, moment), each, moment) for moment, each in periods.items()],
        models=_dearest_first(models),
        bots=_dearest_first(bots),
        total=total,
        details=dict(sorted(details.items())),
    )


def budgets(now: datetime | None = None) -> list[Budget]:
    """The limits of the site as a whole, and what has been used of each."""
    now = now or datetime.now(timezone.utc)
    found = []
    for limit in current_limits():
        if limit.scope != "site":
            continue
        frame = window(limit.period, now)
        used = Figures()
        if limit.period == "minute":
            for figures in summaries.figures_between(frame.start, frame.end).values():
                used.add(figures)
        else:
            by = "hour" if limit.period in ("hour", "day") else "day"
            for (moment, _bot, _model), figures in _figures(by, frame.start, frame.end, now):
                if frame.start <= moment < frame.end:
                    used.add(figures)
        counts = {"tokens": used.tokens, "messages": used.replies}
        spent = used.dollars if limit.unit == "usd" else Decimal(counts[limit.unit])
        found.append(Budget(limit, spent, shown(limit.unit, limit.cap), frame.end))
    return found


def totals(now: datetime | None = None) -> dict[tuple[str, str], Figures]:
    """All that was ever used, by bot and model. No figure ever falls.

    Conversations and visits are therefore counted when their hour is summed up: before, one that
    is deleted would be counted no more.
    """
    now = now or datetime.now(timezone.utc)
    found: dict[tuple[str, str], Figures] = {}
    until = summaries.catch_up(now)
    if until is None:
        return found
    for (_moment, bot, model), figures in summaries.summarised(Summary.Period.DAY, EPOCH, now):
        found.setdefault((bot, model), Figures()).add(figures)
    for (_moment, bot, model), figures in summaries.figures_between(until, None).items():
        figures.conversations = figures.visits = 0
        found.setdefault((bot, model), Figures()).add(figures)
    return found


def _figures(
    by: str, start: datetime, end: datetime, now: datetime
) -> Iterator[tuple[Key, Figures]]:
    """What is summed already, and what came since."""
    until = summaries.catch_up(now)
    if until is None:
        return
    period = Summary.Period.HOUR if by == "hour" else Summary.Period.DAY
    yield from summaries.summarised(period, start, end)
    if end > until:
        yield from summaries.figures_between(max(start, until), None).items()


def _dearest_first(rows: dict[str, Figures]) -> list[Row]:
    ordered = sorted(rows.items(), key=lambda item: (-item[1].dollars, -item[1].replies, item[0]))
    return [Row(name, figures) for name, figures in ordered]


def period_of(by: str, moment: datetime) -> datetime:
    """The start of the hour, day or month that a moment is in."""
    if by == "hour":
        return hour_of(moment)
    day = day_of(moment)
    return day if by == "day" else day.replace(day=1)


def step(by: str, start: datetime, count: int) -> datetime:
    """The start of the period that is `count` periods later."""
    if by != "month":
        return start + count * (HOUR if by == "hour" else DAY)
    months = start.year * 12 + start.month - 1 + count
    return start.replace(year=months // 12, month=months % 12 + 1)


def _periods(by: str, start: datetime, end: datetime) -> Iterable[datetime]:
    while start < end:
        yield start
        start = step(by, start, 1)


def label(by: str, start: datetime) -> str:
    """A period's name: sortable, and the same in every language."""
    formats = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "month": "%Y-%m"}
    return start.strftime(formats[by])
