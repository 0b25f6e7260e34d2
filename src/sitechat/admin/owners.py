"""What the owner's pages share: nobody adds anything, and most are only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest


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


class KeysetPage(OwnersPage):
    """One whose rows are listed by a KeysetList: without actions, counts or sorting."""

    list_per_page = 50
    sortable_by: ClassVar[list[str] | tuple[str, ...] | None] = ()
    actions: Sequence[Any] | None = None
    show_full_result_count = False
    if hasattr(admin, "ShowFacets"):  # Django 5.0
        show_facets = admin.ShowFacets.NEVER
