"""Base classes of the admin pages, most of which are read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sitechat.admin.form_size import with_size_check
from sitechat.admin.keyset_pagination import KeysetList

if TYPE_CHECKING:
    MixedInto = admin.ModelAdmin[Any]
else:
    MixedInto = object


def may_read_transcripts(request: HttpRequest) -> bool:
    """Return whether the user may view conversations.

    As elsewhere in Django's admin, the permission to change includes the permission to view.
    """
    may = (f"sitechat.{action}_conversation" for action in ("view", "change"))
    return any(map(request.user.has_perm, may))


def may_read_contacts(request: HttpRequest) -> bool:
    """Return whether the user may view or change what visitors left in the contact form."""
    may = (f"sitechat.{action}_contact" for action in ("view", "change"))
    return any(map(request.user.has_perm, may))


class ChatAdminPages(MixedInto):
    """Mixin for a ModelAdmin with pages that have their own templates."""

    @property
    def urls(self) -> list[Any]:
        """Return the URLs. If a form is too long, their views return a page that says so."""
        patterns: list[Any] = super().urls
        for pattern in patterns:
            pattern.callback = with_size_check(pattern.callback, self._refuse_too_long)
        return patterns

    def _refuse_too_long(self, request: HttpRequest) -> HttpResponse:
        """Return the page about a form that is too long.

        Raises:
            PermissionDenied: The user may not open the admin.
        """
        if not self.admin_site.has_permission(request):
            raise PermissionDenied
        context = {
            "title": _("The form is too long"),
            "limit": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        }
        return self.page(request, "admin/sitechat/too_long.html", context, status=413)

    def page(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        """Return a page with its own template. The caller has checked the permission to view.

        Args:
            request: The request for the page.
            template: The path of a template that extends one of the admin's.
            context: The template context in addition to that of all admin pages.
            status: The HTTP status.
        """
        request.current_app = self.admin_site.name
        of_all_pages = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "cl": {"opts": self.opts},
            "actions_on_top": True,  # otherwise Django's template contains an inline style
            "media": self.media,
            "has_view_permission": True,
        }
        return TemplateResponse(request, template, {**of_all_pages, **context}, status=status)


class NoAddPage(ChatAdminPages):
    """Mixin for a ModelAdmin whose rows only the chat creates. There is no page to add a row."""

    class Media:
        css = {"all": ["sitechat/admin/chat.css", "sitechat/admin/answers.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False, because only the chat creates rows."""
        return False


class DeletedWithOwner(MixedInto):
    """Mixin for rows without a delete page.

    They are deleted together with the row that owns them, such as a conversation.
    """

    deleted_with: ClassVar[Sequence[str]] = ()
    """The models of this app that own the rows. Empty if the rows are never deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may delete an owner in `deleted_with`; False without a row.

        Django's delete pages call this for each row that is deleted together with another object,
        such as a conversation or a user of the site.
        """
        owners = self.deleted_with if obj is not None else ()
        return any(request.user.has_perm(f"sitechat.delete_{owner}") for owner in owners)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refuse to delete a row without its owner."""
        raise PermissionDenied

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Return Django's page of a row without the link to its delete page."""
        return super().render_change_form(
            request, {**context, "show_delete": False}, *args, **kwargs
        )


class ReadOnlyPage(DeletedWithOwner, NoAddPage):
    """Mixin for a ModelAdmin whose rows are shown, but not added, changed or deleted there."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False, because rows are shown, not edited."""
        return False


class KeysetListAdmin(MixedInto):
    """Mixin for a ModelAdmin with a KeysetList, whose rows Django must neither count nor sort."""

    list_title: ClassVar[str | Promise]
    """The title of the page with the list."""
    list_class: ClassVar[type[KeysetList]]
    """The class of the list."""
    list_per_page = 50
    sortable_by: ClassVar[list[str] | tuple[str, ...] | None] = ()
    show_full_result_count = False
    if hasattr(admin, "ShowFacets"):  # Django 5.0
        show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return self.list_class

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under its title."""
        context = {"title": self.list_title, **(extra_context or {})}
        return super().changelist_view(request, context)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Apply an action to the selected rows.

        If the rows of all pages are selected, apply it to the newest `MAX_SELECTED` of them, so
        that the request is short.
        """
        if request.POST.get("select_across", "0") != "0":
            queryset = self.list_class.newest_selectable(queryset)
        return super().response_action(request, queryset, *args, **kwargs)


class ChatRowsAdmin(NoAddPage, KeysetListAdmin):
    """Mixin for a ModelAdmin with a KeysetList, whose rows only the chat creates."""


class KeysetDetailAdmin(ChatRowsAdmin):
    """Mixin for a ModelAdmin with a KeysetList, a read-only page for each row, and no actions."""

    actions: Sequence[Any] | None = None
    detail_template: ClassVar[str]
    """The template of the page of one row, which replaces Django's form."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one row. Despite Django's name for this view, nothing can be changed.

        If there is no such row, redirect with a message.

        Raises:
            PermissionDenied: The user may not view the row.
        """
        found = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None:  # Django redirects with a message
            return super().change_view(request, object_id, form_url, extra_context)
        context = {
            "object_id": object_id,
            "change": True,
            "is_popup": False,
            **self.detail_context(request, found),
            **(extra_context or {}),
        }
        return self.page(request, self.detail_template, context)

    def detail_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Return the context of `detail_template` for a row, including `title` and `original`."""
        raise NotImplementedError


def number_in(request: HttpRequest, name: str) -> int | None:
    """Return a number below 10**9 from the query string; None if it is missing or invalid."""
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 else None
