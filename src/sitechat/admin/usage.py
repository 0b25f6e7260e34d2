"""Usage: what the chat did and cost, as plots, tables and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import dateformat
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from sitechat.admin import plots
from sitechat.admin.owners import ReadOnlyPage
from sitechat.admin.plots import Plot, Series
from sitechat.limits import NANO
from sitechat.models import Usage
from sitechat.owner import statistics
from sitechat.owner.figures import COUNTS, Figures
from sitechat.owner.safe_text import visible
from sitechat.owner.statistics import Budget, Report, Row
from sitechat.templatetags.sitechat_figures import count, dollars, percent, seconds

if TYPE_CHECKING:
    UsageModelAdmin = admin.ModelAdmin[Usage]
else:
    UsageModelAdmin = admin.ModelAdmin

BY = {"hour": _("Hours"), "day": _("Days"), "month": _("Months")}


@admin.register(Usage)
class UsageAdmin(ReadOnlyPage, UsageModelAdmin):
    """One page of figures. Whoever may view usage sees it; nobody edits it."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        by = request.GET.get("by", "day")
        by = by if by in BY else "day"
        bot, model = request.GET.get("bot", "")[:64], request.GET.get("model", "")[:128]
        end = _moment(request.GET.get("end", ""))
        report = statistics.report(by, end=end, bot=bot, model=model)
        if request.GET.get("format") == "csv":
            return _csv(report)

        def link(**changes: str) -> str:
            values = {"by": by, "bot": bot, "model": model, "end": request.GET.get("end", "")}
            values.update(changes)
            return "?" + urlencode({name: value for name, value in values.items() if value})

        budgets = statistics.budgets()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Usage"),
            "opts": self.opts,
            "cl": {"opts": self.opts},
            "actions_on_top": True,  # keeps an inline style out of Django's template
            "media": self.media,
            "report": report,
            "budgets": budgets,
            "plots": _plots(report, budgets),
            "tables": [
                (_("By model"), _("Model"), _linked(report.models, lambda n: link(model=n))),
                (_("By bot"), _("Bot"), _linked(report.bots, lambda n: link(bot=n))),
            ],
            "by": [(link(by=name, end=""), title, name == by) for name, title in BY.items()],
            "chosen": [visible(name) for name in (bot, model) if name],
            "everything": link(bot="", model=""),
            "earlier": link(end=report.start.isoformat()),
            "later": _later(report, link),
            "csv": link(format="csv"),
            "range": (
                statistics.label(by, report.start),
                statistics.label(by, statistics.step(by, report.end, -1)),
            ),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/sitechat/usage/change_list.html", context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """There is no page for one row of usage: it stands in its transcript."""
        return HttpResponseRedirect("../../")


def _moment(value: str) -> datetime | None:
    """A moment of a link of ours; None for anything else."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(timezone.utc) if moment.tzinfo and moment.year > 2000 else None
    except (ValueError, OverflowError):
        return None


def _later(report: Report, link: Callable[..., str]) -> str:
    if report.end > datetime.now(timezone.utc):
        return ""
    end = statistics.step(report.by, report.end, statistics.SPANS[report.by])
    return link(end=end.isoformat() if end < datetime.now(timezone.utc) else "")


def _linked(rows: Sequence[Row], link: Callable[[str], str]) -> list[tuple[str, str, Figures]]:
    """Names as they are shown, as a model's name may be anything; links to them alone; figures."""
    return [(visible(row.label) or "-", link(row.label), row.figures) for row in rows]


def _plots(report: Report, budgets: Sequence[Budget]) -> list[Plot]:
    figures = [row.figures for row in report.periods]
    labels = [_short(report.by, row) for row in report.periods]

    def series(name: Any, values: Sequence[Any]) -> Series:
        return Series(name, [None if value is None else float(value) for value in values])

    cap = next(
        (b for b in budgets if (b.limit.unit, b.limit.period) == ("usd", report.by)),
        None,
    )
    return [
        plots.bars(
            _("Dollars"),
            labels,
            [series(_("Dollars"), [f.dollars for f in figures])],
            show=dollars,
            cap=cap.limit.cap / NANO if cap else None,
            cap_label=str(cap.limit) if cap else "",
        ),
        plots.bars(
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
        plots.lines(
            _("Time to the first words"),
            labels,
            [
                series(_("Half of the replies"), [f.first_token_p50 for f in figures]),
                series(_("95% of the replies"), [f.first_token_p95 for f in figures]),
            ],
            show=seconds,
        ),
        plots.lines(
            _("Time to the last words"),
            labels,
            [
                series(_("Half of the replies"), [f.total_p50 for f in figures]),
                series(_("95% of the replies"), [f.total_p95 for f in figures]),
            ],
            show=seconds,
        ),
        plots.bars(
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
        plots.lines(
            _("Input that came from Claude's cache"),
            labels,
            [series(_("Share"), [f.cache_share for f in figures])],
            show=percent,
            top=1.0,
        ),
    ]


def _short(by: str, row: Row) -> str:
    start = row.start
    assert start is not None  # noqa: S101 - periods have one
    return dateformat.format(start, {"hour": "d M H:00", "day": "d M", "month": "M Y"}[by])


CSV_TIMES = ("first_token_p50", "first_token_p95", "total_p50", "total_p95")


def _csv(report: Report) -> HttpResponse:
    """One row for each period, bot and model; times in milliseconds."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"usage-by-{report.by}-{report.start:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow([report.by, "bot", "model", "dollars", *COUNTS, *CSV_TIMES])
    for (start, bot, model), figures in report.details.items():
        times = [getattr(figures, time) for time in CSV_TIMES]
        writer.writerow(
            [
                statistics.label(report.by, start),
                _cell(bot),
                _cell(model),
                figures.dollars,
                *(getattr(figures, name) for name in COUNTS),
                *("" if time is None else round(time) for time in times),
            ]
        )
    return response


def _cell(text: str) -> str:
    """A text that a spreadsheet takes for no formula."""
    text = visible(text)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text
