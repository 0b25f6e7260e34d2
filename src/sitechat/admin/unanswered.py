"""Unanswered questions, like ones together: what the site's pages should tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sitechat.admin.owners import OwnersPage, may_read_transcripts
from sitechat.admin.places import Place, is_id
from sitechat.models import Unanswered
from sitechat.owner import review
from sitechat.owner.likeness import grouped
from sitechat.owner.safe_text import visible

if TYPE_CHECKING:
    UnansweredModelAdmin = admin.ModelAdmin[Unanswered]
else:
    UnansweredModelAdmin = admin.ModelAdmin

AT_ONCE = 120
"""Questions that one page groups, the newest first."""

EXCERPT = 240
"""Characters of a reply that are shown below its question."""

SHOWN = 5
"""Questions of a group that are shown before one asks for the others."""


@dataclass(frozen=True)
class Asked:
    """One question, and the beginning of the reply that did not help."""

    row: Unanswered
    question: str
    reply: str
    disliked: bool
    comment: str


@dataclass(frozen=True)
class Group:
    """Questions that are alike, the newest first."""

    asked: Sequence[Asked]

    @property
    def first(self) -> Sequence[Asked]:
        return self.asked[:SHOWN]

    @property
    def others(self) -> Sequence[Asked]:
        return self.asked[SHOWN:]

    @property
    def newest(self) -> datetime:
        return self.asked[0].row.created

    @property
    def ids(self) -> str:
        return ",".join(str(asked.row.pk) for asked in self.asked)


@admin.register(Unanswered)
class UnansweredAdmin(OwnersPage, UnansweredModelAdmin):
    """One page: groups of questions. Whoever may change them marks them as done."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._mark(request)
        complete = review.catch_up(review.BEFORE_A_PAGE)
        done = request.GET.get("show") == "done"
        rows = Unanswered.objects.exclude(done=None) if done else Unanswered.objects.open()
        place = Place.parse(request.GET.get("before", ""))
        if place is not None and is_id(place.pk):
            rows = rows.filter(place.before("created"))
        found = list(rows.select_related("reply").order_by("-created", "-pk")[: AT_ONCE + 1])
        asked = found[:AT_ONCE]
        older = Place(asked[-1].created, str(asked[-1].pk)) if len(found) > AT_ONCE else None
        groups = grouped((_asked(row), row.question) for row in asked)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Unanswered questions"),
            "opts": self.opts,
            "cl": {"opts": self.opts},
            "actions_on_top": True,  # keeps an inline style out of Django's template
            "media": self.media,
            "groups": [Group(group) for group in groups],
            "count": len(asked),
            "done": done,
            "complete": complete,
            "older": urlencode({"show": "done" if done else "", "before": str(older or "")}),
            "has_older": older is not None,
            "may_change": self.has_change_permission(request),
            "may_read": may_read_transcripts(request),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/sitechat/unanswered/change_list.html", context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """There is no page for one question: its transcript is."""
        return HttpResponseRedirect("../../")

    def _mark(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        ids = [int(pk) for pk in request.POST.get("ids", "").split(",")[:AT_ONCE] if is_id(pk)]
        if request.POST.get("action") == "reopen":
            count = Unanswered.objects.reopen(ids)
            told = ngettext("%d question is open again.", "%d questions are open again.", count)
        else:
            count = Unanswered.objects.mark_done(ids)
            told = ngettext("%d question is done.", "%d questions are done.", count)
        messages.success(request, told % count)
        return HttpResponseRedirect(request.get_full_path())


def _asked(row: Unanswered) -> Asked:
    text = " ".join(row.reply.text.split())
    return Asked(
        row=row,
        question=visible(row.question),
        reply=visible(text[:EXCERPT] + ("…" if len(text) > EXCERPT else "")),
        disliked=row.reply.rating < 0,
        comment=visible(row.reply.comment),
    )
