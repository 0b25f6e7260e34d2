"""The report of a period as text and as a mail.

`chat_report` and the task `report` call this module. The admin's report page has the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from sitechat.events import Mail, deliver_due, owner_addresses, queue_mail
from sitechat.reports.number_formats import NONE, count, dollars, percent
from sitechat.reports.period_report import FrequentQuestion, PeriodReport, reviewed_report
from sitechat.safe_text import one_line

EVENT = "report"

MIN_FACTOR_PERCENT = 1000
"""An increase of at least this many percent is shown as a factor: x11 instead of +1000%."""

NO_ORIGIN = gettext_noop(
    "There are no links, because the address of the site is not known. Add its host, such as "
    "www.example.com, to ALLOWED_HOSTS."
)


@dataclass(frozen=True)
class ReportRow:
    """A figure with its value in the period before."""

    name: str | Promise
    value: str
    before: str
    change: str
    """The change, such as "+12%"; empty if nothing has changed or the change is not known."""


def report_rows(report: PeriodReport) -> list[ReportRow]:
    """Return the formatted figures of a report."""
    now, before = report.figures, report.before
    plain: list[tuple[Any, Any, Any, Any]] = [
        (gettext_lazy("Conversations"), count, now.conversations, before.conversations),
        (gettext_lazy("Visitors"), count, now.visitors, before.visitors),
        (gettext_lazy("Questions"), count, now.questions, before.questions),
        (gettext_lazy("Answered"), percent, now.answered, before.answered),
        (
            gettext_lazy("Ended without a person"),
            percent,
            now.without_person,
            before.without_person,
        ),
        (gettext_lazy("Thumbs up"), count, now.likes, before.likes),
        (gettext_lazy("Thumbs down"), count, now.dislikes, before.dislikes),
        (gettext_lazy("Unanswered questions"), count, now.unanswered, before.unanswered),
        (gettext_lazy("Contacts"), count, now.contacts, before.contacts),
        (gettext_lazy("Cost"), dollars, now.dollars, before.dollars),
        (
            gettext_lazy("Cost per resolved conversation"),
            dollars,
            now.dollars_per_resolved,
            before.dollars_per_resolved,
        ),
    ]
    return [
        ReportRow(name, show(value), show(earlier), _change(value, earlier, show is percent))
        for name, show, value, earlier in plain
    ]


def _change(now: Any, before: Any, is_share: bool) -> str:
    """Return `ReportRow.change`: in percentage points for a share, else in percent or as factor."""
    if now is None or before is None:
        return ""
    if is_share:
        points = round((now - before) * 100)
        return _("%+d points") % points if points else ""
    if not before:
        return ""
    share = round(float((Decimal(str(now)) - Decimal(str(before))) / Decimal(str(before))) * 100)
    if share >= MIN_FACTOR_PERCENT:
        return f"\u00d7{count(share / 100 + 1)}"
    return f"{share:+d}%" if share else ""


def report_title(report: PeriodReport) -> str:
    """Return the title of a report, which is also the subject of its mail."""
    days = f"{_day(report.first_day)} – {_day(report.last_day)}"  # noqa: RUF001
    if report.period == "month":
        return _("The chat in the month %s") % days
    return _("The chat in the week %s") % days


def _day(moment: Any) -> str:
    return formats.date_format(moment, "SHORT_DATE_FORMAT")


def report_context(report: PeriodReport) -> dict[str, Any]:
    """Return the context for the templates of the mail, as text and as HTML."""
    # Imported here to keep the start fast, because the admin imports this module.
    from sitechat.knowledge.sources.site_hosts import public_origin

    origin = public_origin()
    has_admin = bool(_path("admin:index"))
    return {
        "report": report,
        "title": report_title(report),
        "rows": report_rows(report),
        "budget": dollars(report.budget) if report.budget is not None else NONE,
        "budget_share": percent(report.budget_share),
        "unanswered": [_listed(each, origin) for each in report.unanswered],
        "frequent": [_listed(each, origin) for each in report.frequent],
        "admin": _absolute(origin, "admin:sitechat_unanswered_changelist"),
        "missing_links": _(NO_ORIGIN) if has_admin and not origin else "",
    }


def as_text(report: PeriodReport) -> str:
    """Return a report as plain text, for mails and terminals."""
    lines = render_to_string("sitechat/report.txt", report_context(report)).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip() + "\n"


def as_mail(report: PeriodReport, addresses: list[str]) -> Mail:
    """Return the mail with a report."""
    return Mail(
        to=addresses,
        subject=one_line(report_title(report)),
        text=as_text(report),
        html=render_to_string("sitechat/report.html", report_context(report)),
    )


def send_report(period: str = "week") -> int:
    """Review new replies, and mail the report of the last period to CHAT_NOTIFY.

    The report of a period is mailed only once.

    Args:
        period: `week` or `month`.

    Returns:
        The number of addresses in CHAT_NOTIFY, even if they already got the report.

    Raises:
        ValueError: `period` is not valid.
    """
    report = reviewed_report(period)
    addresses = owner_addresses()
    if not addresses:
        return 0
    name = f"{EVENT}:{period}:{report.start:%Y-%m-%d}"
    queue_mail(EVENT, as_mail(report, addresses), once=name)
    deliver_due()
    return len(addresses)


def _listed(question: FrequentQuestion, origin: str) -> tuple[FrequentQuestion, str, str]:
    """Return a question, the text that is shown for it, and its link in the admin."""
    return question, question.text or _("(the question is not known)"), _link(question, origin)


def _link(question: FrequentQuestion, origin: str) -> str:
    link = _absolute(origin, "admin:sitechat_conversation_change", question.conversation)
    return f"{link}#message-{question.reply}" if link and question.reply else link


def _absolute(origin: str, name: str, *args: Any) -> str:
    """Return the address of an admin page; empty if there is no admin or no known origin."""
    path = _path(name, *args)
    return f"{origin}{path}" if origin and path else ""


def _path(name: str, *args: Any) -> str:
    """Return the path of an admin page; empty if the site has no admin."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
