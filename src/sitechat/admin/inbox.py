"""The admin's inbox: conversations in which visitors wait for a person or talk to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path

from sitechat.admin.base import ReadOnlyPage
from sitechat.models import Conversation, Handoff
from sitechat.people.staff_permissions import answerable_bots, may_answer

if TYPE_CHECKING:
    from sitechat.admin.inbox_pages import InboxPages

    HandoffModelAdmin = admin.ModelAdmin[Handoff]
else:
    HandoffModelAdmin = admin.ModelAdmin


@admin.register(Handoff)
class HandoffAdmin(ReadOnlyPage, HandoffModelAdmin):
    """The inbox, and the page on which staff answer one conversation."""

    deleted_with = ["conversation"]

    class Media:
        css = {
            "all": [
                "sitechat/admin/chat.css",
                "sitechat/admin/answers.css",
                "sitechat/admin/inbox.css",
            ]
        }

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may answer visitors of any bot."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may answer visitors of at least one bot.

        If `obj`, a conversation or its handoff, is given, the user must be allowed to answer
        visitors of its bot.
        """
        if obj is not None:
            return may_answer(request.user, obj.bot)
        bots = answerable_bots(request.user)
        return bots is None or bool(bots)

    def get_urls(self) -> list[Any]:
        """Return the URLs, including those that the pages' scripts request."""
        view = self.admin_site.admin_view
        return [
            path("live/", view(self.live_view), name="sitechat_handoff_live"),
            path("<uuid:pk>/live/", view(self.talk_view), name="sitechat_handoff_talk"),
            path("<uuid:pk>/act/", view(self.act_view), name="sitechat_handoff_act"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the conversations that are open, or with `?show=done` those that are finished."""
        self.check_permission(request)
        return self._pages.inbox(request, extra_context)

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """Return the rows of the inbox as JSON for its script."""
        self.check_permission(request)
        return self._pages.live_inbox(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page on which staff answer a conversation."""
        return self._pages.answering(request, object_id, extra_context)

    def talk_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the new lines of a conversation as JSON for the script of its page."""
        return self._pages.live_lines(request, pk)

    def act_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Handle a form of the page: join, reply, hand back, and so on."""
        return self._pages.act(request, pk)

    def check_permission(
        self, request: HttpRequest, conversation: Conversation | None = None
    ) -> None:
        """Check that the user may see the inbox or, if `conversation` is given, answer in it.

        Args:
            request: The request of the user.
            conversation: The conversation to answer; None for the inbox.

        Raises:
            PermissionDenied: The user may not.
        """
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied

    @property
    def _pages(self) -> InboxPages:
        # Imported here to keep the start fast, because the pages import the actions of staff.
        from sitechat.admin.inbox_pages import InboxPages

        return InboxPages(self)
