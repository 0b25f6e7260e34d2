"""What the owner's pages share: nobody adds anything, and most are only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

if TYPE_CHECKING:
    MixedInto = admin.ModelAdmin[Any]
else:
    MixedInto = object


def may_read_transcripts(request: HttpRequest) -> bool:
    """Whether the user may view conversations, which in Django whoever may change them may."""
    may = (f"sitechat.{action}_conversation" for action in ("view", "change"))
    return any(map(request.user.has_perm, may))


class OwnersPage:
    """Mixin of a ModelAdmin whose rows the chat alone writes."""

    class Media:
        css = {"all": ["sitechat/admin/chat.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyPage(OwnersPage):
    """One that nobody changes or deletes from: whoever may view looks at it."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class KeysetPage(OwnersPage, MixedInto):
    """One whose rows are listed by a KeysetList: without actions, counts or sorting."""

    list_per_page = 50
    sortable_by: ClassVar[list[str] | tuple[str, ...] | None] = ()
    actions: Sequence[Any] | None = None
    show_full_result_count = False
    if hasattr(admin, "ShowFacets"):  # Django 5.0
        show_facets = admin.ShowFacets.NEVER
    one_template: ClassVar[str]
    """Shows one row, in the place of Django's form."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One row as it reads; Django's name for the page of one object."""
        found = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None:  # Django says so
            return super().change_view(request, object_id, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object_id": object_id,
            "media": self.media,
            "change": True,
            "is_popup": False,
            "has_view_permission": True,
            **self.told_of(request, found),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.one_template, context)

    def told_of(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """What `one_template` is told of a row; `title` and `original` are its names."""
        raise NotImplementedError


def number_in(request: HttpRequest, name: str) -> int | None:
    """A number in the page's address; None where there is none."""
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 else None
