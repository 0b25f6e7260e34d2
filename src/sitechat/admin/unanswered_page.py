"""The page of unanswered questions: groups of similar questions, and all of them as CSV.

`UnansweredAdmin` shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from sitechat.admin import unanswered_csv
from sitechat.admin.base import may_read_transcripts, number_in
from sitechat.conf import conf
from sitechat.models import Unanswered
from sitechat.models.ids import parse_uuid
from sitechat.reports import background_review, question_list
from sitechat.reports.question_list import GroupPage, QuestionFilter, QuestionGroup
from sitechat.safe_text import visible

EXCERPT = 240
"""Maximum characters of a reply that are shown below its question."""

NO_ID = str(UUID(int=0))
"""An id that no conversation has."""

SHOWN = 5
"""Maximum number of questions that are shown before their group is expanded."""


@dataclass(frozen=True)
class QuestionRow:
    """A question and the beginning of the reply that did not help."""

    row: Unanswered
    question: str
    link: str
    """The address of the reply in its transcript; empty if the user may not read it."""
    reason: str
    reply: str
    disliked: bool
    comment: str


@dataclass(frozen=True)
class Group:
    """Similar questions, the newest first."""

    asked: Sequence[QuestionRow]
    group: QuestionGroup

    @property
    def first(self) -> Sequence[QuestionRow]:
        """The questions that are shown at once."""
        return self.asked[:SHOWN]

    @property
    def others(self) -> Sequence[QuestionRow]:
        """The questions that are hidden until the group is expanded."""
        return self.asked[SHOWN:]

    @property
    def ids(self) -> str:
        """The primary keys, separated by commas; empty if not all of them are loaded."""
        if len(self.asked) < self.group.count:
            return ""
        return ",".join(str(asked.row.pk) for asked in self.asked)

    @property
    def name(self) -> str:
        """The key of the group and the time of its newest question.

        The time keeps a form from marking questions that were asked after the page was shown.
        """
        return f"{self.group.key}_{self.group.newest.isoformat()}"


def groups_page(request: HttpRequest) -> dict[str, Any] | HttpResponse:
    """Return the template context of the page that the query string describes, or its CSV file.

    A thread is started to review the replies that were not reviewed yet.
    """
    unreviewed = background_review.review_soon()
    chosen = _chosen(request)
    may_read = may_read_transcripts(request)
    if request.GET.get("format") == "csv":
        return unanswered_csv.export(chosen)
    page = question_list.group_page(chosen, max(1, number_in(request, "page") or 1))

    def link(**changes: str) -> str:
        return "?" + urlencode({**_query(chosen), **changes})

    return {
        "title": _("Unanswered questions"),
        "groups": _groups(page, _transcript_address(request) if may_read else ""),
        "count": sum(group.count for group in page.groups),
        "chosen": chosen,
        "is_filtered": bool(set(_query(chosen)) - {"show"}),
        "bots": _bots(chosen),
        "languages": _languages(chosen),
        "reasons": Unanswered.Reason.choices,
        "done": chosen.done,
        "unreviewed": unreviewed,
        "csv": link(format="csv"),
        "older": link(page=str(page.number + 1)).removeprefix("?") if page.has_more else "",
        "newer": link(page=str(page.number - 1)).removeprefix("?") if page.number > 1 else "",
        "has_older": page.has_more,
        "may_read": may_read,
        "may_approve": may_read and request.user.has_perm("sitechat.add_approvedanswer"),
    }


def members_of_group(request: HttpRequest, name: str) -> list[int]:
    """Return the primary keys of the questions that a form marks; [] if the name is not valid.

    These questions match the page's filters, and were asked no later than the newest question in
    the name.

    Args:
        request: The request, with the page's filters in its query string.
        name: The `Group.name` in the form.
    """
    key, _, moment = name.partition("_")
    group = parse_uuid(key)
    try:
        until = parse_datetime(moment)
    except ValueError:
        return []
    if group is None or until is None or timezone.is_aware(until) != settings.USE_TZ:
        return []
    return question_list.question_ids(_chosen(request), group, until)


def _chosen(request: HttpRequest) -> QuestionFilter:
    reason = request.GET.get("reason", "")
    return QuestionFilter(
        done=request.GET.get("show") == "done",
        bot=request.GET.get("bot", "")[:64].replace("\x00", ""),
        language=request.GET.get("language", "")[:16].replace("\x00", ""),
        reason=reason if reason in Unanswered.Reason.values else "",
        since=_day(request.GET.get("since", "")),
        until=_day(request.GET.get("until", "")),
    )


def _day(value: str) -> date | None:
    try:
        day = parse_date(value)
    except ValueError:
        return None
    return day if day is not None and 1900 < day.year < 9999 else None


def _query(chosen: QuestionFilter) -> dict[str, str]:
    values = {
        "show": "done" if chosen.done else "",
        "bot": chosen.bot,
        "language": chosen.language,
        "reason": chosen.reason,
        "since": chosen.since.isoformat() if chosen.since else "",
        "until": chosen.until.isoformat() if chosen.until else "",
    }
    return {name: value for name, value in values.items() if value}


def _bots(chosen: QuestionFilter) -> list[str]:
    names = [*conf.CHAT_BOTS]
    return [*names, chosen.bot] if chosen.bot and chosen.bot not in names else names


def _languages(chosen: QuestionFilter) -> list[tuple[str, Any]]:
    names = {code.partition("-")[0]: name for code, name in settings.LANGUAGES}
    known = question_list.languages()
    if chosen.language and chosen.language not in known:
        known.append(chosen.language)
    return [(code, names.get(code, visible(code))) for code in known]


def _transcript_address(request: HttpRequest) -> str:
    """Return the address of a transcript, with NO_ID in the place of the id.

    The address is reversed only once, because that takes longer than to show a row.
    """
    name = "admin:sitechat_conversation_change"
    return reverse(name, args=[NO_ID], current_app=getattr(request, "current_app", None))


def _groups(page: GroupPage, address: str) -> list[Group]:
    reasons = {name: str(label) for name, label in Unanswered.Reason.choices}

    def shown(row: Unanswered) -> QuestionRow:
        text = " ".join(row.reply.text.split())
        link = f"{address.replace(NO_ID, str(row.conversation_id))}#message-{row.reply_id}"
        return QuestionRow(
            row=row,
            question=visible(row.question),
            link=link if address else "",
            reason=reasons.get(row.reason, row.reason),
            reply=visible(text[:EXCERPT] + ("…" if len(text) > EXCERPT else "")),
            disliked=row.reply.rating < 0,
            comment=visible(row.reply.comment),
        )

    return [Group([shown(row) for row in group.rows], group) for group in page.groups]
