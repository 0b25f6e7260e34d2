"""The admin of usage. `usage_page` and `report_page` have the contents of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.translation import gettext_lazy as _

from sitechat.admin.base import ReadOnlyPage
from sitechat.models import Usage

if TYPE_CHECKING:
    from sitechat.reports.usage_catch_up import SummingProgress

    UsageModelAdmin = admin.ModelAdmin[Usage]
else:
    UsageModelAdmin = admin.ModelAdmin


@admin.register(Usage)
class UsageAdmin(ReadOnlyPage, UsageModelAdmin):
    """Show the figures of usage on one page, and the report of a week or month on another."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the figures as a page or as CSV, or the progress of summing them up."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Imported here to keep the start fast: only these pages need the reports.
        from sitechat.admin.usage_page import usage_page
        from sitechat.reports.usage_catch_up import catch_up

        progress = catch_up()
        if progress is not None:
            return self._progress_page(request, progress)
        shown = usage_page(request)
        if isinstance(shown, HttpResponse):
            return shown
        context = {**shown, **(extra_context or {})}
        return self.page(request, "admin/sitechat/usage/change_list.html", context)

    def get_urls(self) -> list[Any]:
        """Return the URLs, including that of the report."""
        report = path(
            "report/", self.admin_site.admin_view(self.report_view), name="sitechat_usage_report"
        )
        return [report, *super().get_urls()]

    def report_view(self, request: HttpRequest) -> HttpResponse:
        """Show the report of a week or month, or the progress of the sums or counts for it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Imported here to keep the start fast.
        from sitechat.admin.report_page import report_page
        from sitechat.reports.usage_catch_up import catch_up

        progress = catch_up()
        if progress is not None:
            return self._progress_page(request, progress)
        shown = report_page(request)
        if not isinstance(shown, dict):
            context = {"title": _("Report"), "progress": shown}
            return self.page(request, "admin/sitechat/usage/counting.html", context)
        return self.page(request, "admin/sitechat/usage/report.html", shown)

    def _progress_page(self, request: HttpRequest, progress: SummingProgress) -> HttpResponse:
        """Show the progress of summing up past usage."""
        context = {
            "title": _("Usage"),
            "progress": progress,
        }
        return self.page(request, "admin/sitechat/usage/catching_up.html", context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Redirect to the figures. The usage of one reply is part of its transcript."""
        return HttpResponseRedirect("../../")
