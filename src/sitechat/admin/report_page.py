"""The page with the report of a week or month, as `chat_report` mails it, with plots.

`UsageAdmin` shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from django.http import HttpRequest
from django.utils import dateformat
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from sitechat.admin import svg_plots
from sitechat.admin.base import may_read_transcripts
from sitechat.admin.svg_plots import Plot, Series
from sitechat.reports import background_review, missing_counts
from sitechat.reports.missing_counts import CountingProgress
from sitechat.reports.number_formats import NONE, count, dollars, percent
from sitechat.reports.period_counts import PERIODS
from sitechat.reports.period_report import FrequentQuestion, period_report
from sitechat.reports.report_mail import report_rows, report_title
from sitechat.safe_text import visible

NAMES = {"week": _("Week"), "month": _("Month")}


def report_page(request: HttpRequest) -> dict[str, Any] | CountingProgress:
    """Return the template context of the report that the query string chooses.

    If the periods of the report are large and not counted yet, a thread counts them, and the
    progress of the thread is returned. Another thread reviews new replies.
    """
    period = request.GET.get("period", "week")
    period = period if period in PERIODS else "week"
    end = _day_in(request.GET.get("end", ""))
    unreviewed = background_review.review_soon()
    progress = missing_counts.count_soon(period, end)
    if progress is not None:
        return progress
    report = period_report(period, end=end)
    # At this time, the next period has ended, but not the one after it.
    later = report.end + timedelta(days=40 if period == "month" else 7)
    is_last = later > datetime.now(timezone.utc)
    may_read = may_read_transcripts(request)
    may_see = may_read and request.user.has_perm("sitechat.view_unanswered")
    return {
        "title": report_title(report),
        "report": report,
        "unreviewed": unreviewed,
        "rows": report_rows(report),
        "budget": dollars(report.budget) if report.budget is not None else NONE,
        "budget_share": percent(report.budget_share),
        "plots": _plots(report.days),
        "unanswered": _visible(report.unanswered) if may_see else [],
        "frequent": _visible(report.frequent) if may_read else [],
        "tabs": [
            ("?" + urlencode({"period": name}), title, name == period)
            for name, title in NAMES.items()
        ],
        "earlier": _link(period, report.start),
        "later": "" if is_last else _link(period, later),
    }


def _link(period: str, end: datetime) -> str:
    return "?" + urlencode({"period": period, "end": end.strftime("%Y-%m-%d")})


def _day_in(value: str) -> datetime | None:
    """Return the day in a link of this page; None if it is not valid."""
    try:
        day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return day if day.year > 2000 else None


def _visible(questions: Sequence[FrequentQuestion]) -> list[dict[str, Any]]:
    return [
        {
            "text": visible(each.text),
            "count": each.count,
            "conversation": each.conversation,
            "reply": each.reply,
        }
        for each in questions
    ]


def _plots(days: Sequence[tuple[datetime, Any]]) -> list[Plot]:
    labels = [dateformat.format(day, "d M") for day, _figures in days]
    figures = [each for _day, each in days]
    return [
        svg_plots.bars(
            _("Questions"),
            labels,
            [
                Series(_("Answered"), [float(f.replies - f.errors - f.refusals) for f in figures]),
                Series(_("Errors"), [float(f.errors) for f in figures]),
                Series(_("Refused"), [float(f.refusals) for f in figures]),
            ],
            show=count,
            whole=True,
        ),
        svg_plots.bars(
            _("Dollars"),
            labels,
            [Series(_("Dollars"), [float(f.dollars) for f in figures])],
            show=dollars,
        ),
    ]
