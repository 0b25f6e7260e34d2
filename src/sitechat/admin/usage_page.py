"""The page of usage: plots and tables, and the same figures as CSV.

`UsageAdmin` shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import dateformat
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from sitechat.admin import svg_plots
from sitechat.admin.csv_cells import csv_response
from sitechat.admin.svg_plots import Plot, Series
from sitechat.ledger.limits import NANO
from sitechat.models import Usage
from sitechat.reports import usage_report
from sitechat.reports.number_formats import count, dollars, percent, seconds
from sitechat.reports.usage_figures import COUNTS, Figures
from sitechat.reports.usage_report import LimitUse, UsageReport, UsageRow
from sitechat.safe_text import visible

BY = {"hour": _("Hours"), "day": _("Days"), "month": _("Months")}


def usage_page(request: HttpRequest) -> dict[str, Any] | HttpResponse:
    """Return the template context of the page that the query string describes, or its CSV file."""
    by = request.GET.get("by", "day")
    by = by if by in BY else "day"
    bot, model = request.GET.get("bot", "")[:64], request.GET.get("model", "")[:128]
    end = _moment(request.GET.get("end", ""))
    commands = "commands" in request.GET
    report = usage_report.report(by, end=end, bot=bot, model=model, commands=commands)
    if request.GET.get("format") == "csv":
        return _csv(report)

    def link(**changes: str) -> str:
        values = {"by": by, "bot": bot, "model": model, "end": request.GET.get("end", "")}
        values["commands"] = "1" if commands else ""
        values.update(changes)
        return "?" + urlencode({name: value for name, value in values.items() if value})

    limits = usage_report.site_limits()
    return {
        "title": _("Usage"),
        "report": report,
        "limits": limits,
        "is_new": not report.total.replies and not Usage.objects.exists(),
        "plots": _plots(report, limits),
        "tables": [
            (_("By model"), _("Model"), _linked(report.models, lambda n: link(model=n))),
            (_("By bot"), _("Bot"), _linked(report.bots, lambda n: link(bot=n))),
        ],
        "by": [(link(by=name, end=""), title, name == by) for name, title in BY.items()],
        "chosen": [visible(name) for name in (bot, model) if name],
        "everything": link(bot="", model=""),
        "commands": commands,
        "with_commands": link(commands="" if commands else "1"),
        "earlier": link(end=report.start.isoformat()),
        "later": _later(report, link),
        "csv": link(format="csv"),
        "range": (
            usage_report.label(by, report.start),
            usage_report.label(by, usage_report.step(by, report.end, -1)),
        ),
    }


def _moment(value: str) -> datetime | None:
    """Return the time in a link of this page; None if it is not valid or has no UTC offset."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(timezone.utc) if moment.tzinfo and moment.year > 2000 else None
    except (ValueError, OverflowError):
        return None


def _later(report: UsageReport, link: Callable[..., str]) -> str:
    if report.end > datetime.now(timezone.utc):
        return ""
    end = usage_report.step(report.by, report.end, usage_report.SPANS[report.by])
    return link(end=end.isoformat() if end < datetime.now(timezone.utc) else "")


def _linked(rows: Sequence[UsageRow], link: Callable[[str], str]) -> list[tuple[str, str, Figures]]:
    """Return label, filter link and figures of each row.

    A compatible server may report any text as a model's name, so invisible characters are escaped.
    """
    return [(visible(row.label) or "-", link(row.label), row.figures) for row in rows]


def _plots(report: UsageReport, limits: Sequence[LimitUse]) -> list[Plot]:
    figures = [row.figures for row in report.periods]
    labels = [_short(report.by, row) for row in report.periods]

    def series(name: Any, values: Sequence[Any]) -> Series:
        return Series(name, [None if value is None else float(value) for value in values])

    cap = next(
        (use for use in limits if (use.limit.unit, use.limit.period) == ("usd", report.by)),
        None,
    )
    return [
        svg_plots.bars(
            _("Dollars"),
            labels,
            [series(_("Dollars"), [f.dollars for f in figures])],
            show=dollars,
            cap=cap.limit.cap / NANO if cap else None,
            cap_label=str(cap.limit) if cap else "",
        ),
        svg_plots.bars(
            _("Replies"),
            labels,
            [
                series(_("Answered"), [f.replies - f.errors - f.refusals for f in figures]),
                series(_("Errors"), [f.errors for f in figures]),
                series(_("Refused"), [f.refusals for f in figures]),
            ],
            show=count,
            whole=True,
        ),
        svg_plots.lines(
            _("Time to first token"),
            labels,
            [
                series(_("Median"), [f.first_token_p50 for f in figures]),
                series(_("95th percentile"), [f.first_token_p95 for f in figures]),
            ],
            show=seconds,
        ),
        svg_plots.lines(
            _("Total time"),
            labels,
            [
                series(_("Median"), [f.total_p50 for f in figures]),
                series(_("95th percentile"), [f.total_p95 for f in figures]),
            ],
            show=seconds,
        ),
        svg_plots.bars(
            _("Tokens"),
            labels,
            [
                series(_("Input"), [f.input_tokens + f.cache_write_tokens for f in figures]),
                series(_("Output"), [f.output_tokens for f in figures]),
                series(_("From the cache"), [f.cache_read_tokens for f in figures]),
            ],
            show=count,
            whole=True,
        ),
        svg_plots.lines(
            _("Input read from Claude's cache"),
            labels,
            [series(_("Share"), [f.cache_share for f in figures])],
            show=percent,
            top=1.0,
        ),
    ]


def _short(by: str, row: UsageRow) -> str:
    start = row.start
    assert start is not None  # noqa: S101 - periods have one
    return dateformat.format(start, {"hour": "d M H:00", "day": "d M", "month": "M Y"}[by])


CSV_TIMES = ("first_token_p50", "first_token_p95", "total_p50", "total_p95")


def _csv(report: UsageReport) -> HttpResponse:
    """Return a CSV file with a row for each period, bot and model; times in milliseconds."""
    rows: list[Sequence[object]] = [[report.by, "bot", "model", "dollars", *COUNTS, *CSV_TIMES]]
    for (start, bot, model), figures in report.details.items():
        times = [getattr(figures, time) for time in CSV_TIMES]
        rows.append(
            [
                usage_report.label(report.by, start),
                bot,
                model,
                figures.dollars,
                *(getattr(figures, name) for name in COUNTS),
                *("" if time is None else round(time) for time in times),
            ]
        )
    return csv_response(f"usage-by-{report.by}-{report.start:%Y-%m-%d}.csv", rows)
