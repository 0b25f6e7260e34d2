"""Conversations: the list, and the transcript of each. Nobody edits what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from sitechat.admin.changelist import ConversationList
from sitechat.admin.digest import digests
from sitechat.admin.filters import BotFilter, RatingFilter, StateFilter
from sitechat.admin.owners import KeysetPage
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

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The transcript; Django's name for the page of one object."""
        talk = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, talk):
            raise PermissionDenied
        if talk is None:
            return super().change_view(request, object_id, form_url, extra_context)
        before = request.GET.get("before", "")
        shown = transcript(talk, int(before) if before.isdecimal() and len(before) < 10 else None)
        digest = digests([talk])[0]
        context = {
            **self.admin_site.each_context(request),
            "title": digest.question or _("A conversation without a question"),
            "opts": self.opts,
            "original": digest.question[:80] or talk,
            "object_id": object_id,
            "media": self.media,
            "change": True,
            "is_popup": False,
            "has_view_permission": True,
            "may_delete": self.has_delete_permission(request, talk),
            "talk": talk,
            "digest": digest,
            "transcript": shown,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/sitechat/conversation/transcript.html", context)

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
        messages = sum(talk.messages.count() for talk in objs)
        counts = {
            str(self.opts.verbose_name_plural): len(objs),
            str(_("messages")): messages,
        }
        return [digest.question or digest.visitor for digest in digests(objs)], counts, set(), []
