"""The admin of unanswered questions, with a form that marks them as done or opens them again.

`unanswered_page` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import ngettext

from sitechat.admin.base import DeletedWithOwner, NoAddPage
from sitechat.admin.list_positions import is_id
from sitechat.models import Unanswered

if TYPE_CHECKING:
    UnansweredModelAdmin = admin.ModelAdmin[Unanswered]
else:
    UnansweredModelAdmin = admin.ModelAdmin

MAX_MARKED = 500
"""Maximum number of questions that a form marks by their ids. It can also mark a whole group."""


@admin.register(Unanswered)
class UnansweredAdmin(DeletedWithOwner, NoAddPage, UnansweredModelAdmin):
    """Show groups of questions, and let staff with the change permission mark them as done."""

    deleted_with = ["conversation"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show groups of similar questions, or export them. A POST marks or reopens questions."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._mark(request)
        request.current_app = self.admin_site.name  # for the links of the page
        # Imported here to keep the start fast: only this page groups questions.
        from sitechat.admin.unanswered_page import groups_page

        shown = groups_page(request)
        if isinstance(shown, HttpResponse):
            return shown
        context = {
            **shown,
            "may_change": self.has_change_permission(request),
            **(extra_context or {}),
        }
        return self.page(request, "admin/sitechat/unanswered/change_list.html", context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Redirect to the list. The page of a question is its transcript."""
        return HttpResponseRedirect("../../")

    def _mark(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        # Imported here to keep the start fast.
        from sitechat.admin.unanswered_page import members_of_group

        ids = [int(pk) for pk in request.POST.get("ids", "").split(",")[:MAX_MARKED] if is_id(pk)]
        ids += members_of_group(request, request.POST.get("group", ""))
        if request.POST.get("action") == "reopen":
            count = Unanswered.objects.reopen(ids)
            message = ngettext("%d question is open again.", "%d questions are open again.", count)
        else:
            count = Unanswered.objects.mark_done(ids)
            message = ngettext("%d question is done.", "%d questions are done.", count)
        messages.success(request, message % count)
        return HttpResponseRedirect(request.get_full_path())
