"""Conversations: the list, and the transcript of each. Nobody edits what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from sitechat.admin.changelist import ConversationList
from sitechat.admin.digest import digests
from sitechat.admin.filters import BotFilter, RatingFilter, StateFilter
from sitechat.admin.owners import KeysetPage, number_in
from sitechat.admin.transcript import transcript
from sitechat.models import Conversation
from sitechat.owner import privacy

if TYPE_CHECKING:
    ConversationModelAdmin = admin.ModelAdmin[Conversation]
else:
    ConversationModelAdmin = admin.ModelAdmin


@admin.register(Conversation)
class ConversationAdmin(KeysetPage, ConversationModelAdmin):
    """Whoever may view conversations reads transcripts; whoever may delete them forgets them."""

    list_filter = [BotFilter, RatingFilter, StateFilter]
    list_select_related = ["user"]
    search_fields = ["id"]
    search_help_text = _(
        "Words of a message, or exactly: a user's name, the id of a conversation or a message."
    )
    date_hierarchy = "updated"
    ordering = ["-updated"]
    one_template = "admin/sitechat/conversation/transcript.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": _("Conversations"), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConversationList]:
        return ConversationList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        """The list searches by itself, a window at a time."""
        return queryset, False

    def get_urls(self) -> list[Any]:
        export = path(
            "<uuid:pk>/export/",
            self.admin_site.admin_view(self.export_view),
            name="sitechat_conversation_export",
        )
        return [export, *super().get_urls()]

    def told_of(self, request: HttpRequest, found: Conversation) -> dict[str, Any]:
        """The transcript."""
        digest = digests([found])[0]
        return {
            "title": digest.question or _("A conversation without a question"),
            "original": digest.question[:80] or found,
            "may_delete": self.has_delete_permission(request, found),
            "conversation": found,
            "digest": digest,
            "transcript": transcript(found, number_in(request, "before")),
        }

    def export_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All that is kept of a conversation, as `chat_export` writes it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = Conversation.objects.filter(pk=pk)
        if not found:
            raise Http404
        response = JsonResponse(privacy.export(found), json_dumps_params={"indent": 2})
        response["Content-Disposition"] = f'attachment; filename="conversation-{pk}.json"'
        return response

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        privacy.forget(Conversation.objects.filter(pk=obj.pk))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """What goes along, in numbers: nobody wants to read each message again."""
        messages = sum(conversation.messages.count() for conversation in objs)
        counts = {
            str(self.opts.verbose_name_plural): len(objs),
            str(_("messages")): messages,
        }
        return [digest.question or digest.visitor for digest in digests(objs)], counts, set(), []
