"""The admin of conversations: a list, and a read-only transcript of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from sitechat.admin.base import KeysetDetailAdmin, may_read_contacts, number_in
from sitechat.admin.conversation_list_search import ConversationList
from sitechat.admin.filters import AskerFilter, BotFilter, LabelFilter, RatingFilter, StateFilter
from sitechat.models import Conversation
from sitechat.people.person_options import person_options
from sitechat.people.staff_permissions import may_answer
from sitechat.runtime import database

if TYPE_CHECKING:
    ConversationModelAdmin = admin.ModelAdmin[Conversation]
else:
    ConversationModelAdmin = admin.ModelAdmin


@admin.register(Conversation)
class ConversationAdmin(KeysetDetailAdmin, ConversationModelAdmin):
    """List conversations, show transcripts, export and delete them.

    The permission to view conversations covers transcripts and exports. Contacts are exported only
    with the permission to view contacts.
    """

    list_title = _("Conversations")
    list_class = ConversationList
    list_filter = [BotFilter, LabelFilter, RatingFilter, StateFilter, AskerFilter]
    list_select_related = ["user"]
    search_fields = ["id"]
    search_help_text = _(
        "Search for words in messages, or for an exact username, conversation id or message id."
    )
    date_hierarchy = "updated"
    ordering = ["-updated"]
    detail_template = "admin/sitechat/conversation/transcript.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False, because conversations can't be edited."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        """Return the queryset unchanged: `ConversationList` searches one window at a time."""
        return queryset, False

    def get_urls(self) -> list[Any]:
        """Return the URLs, including those of the export and of the form for labels."""
        export = path(
            "<uuid:pk>/export/",
            self.admin_site.admin_view(self.export_view),
            name="sitechat_conversation_export",
        )
        label = path(
            "<uuid:pk>/label/",
            self.admin_site.admin_view(self.label_view),
            name="sitechat_conversation_label",
        )
        return [export, label, *super().get_urls()]

    def detail_context(self, request: HttpRequest, found: Conversation) -> dict[str, Any]:
        """Return the template context of a transcript."""
        # Imported here, as in the other methods, to keep the start fast: only these pages need
        # these modules.
        from sitechat.admin.conversation_list_rows import conversation_overviews
        from sitechat.admin.transcript import transcript
        from sitechat.people.conversation_labels import known_labels

        overview = conversation_overviews([found])[0]
        return {
            "title": overview.question or _("A conversation without a question"),
            "original": overview.question[:80] or found,
            "may_approve": request.user.has_perm("sitechat.add_approvedanswer"),
            "may_answer": person_options() is not None and may_answer(request.user, found.bot),
            "may_label": _may_label(request, found),
            "known_labels": known_labels(),
            "may_delete": self.has_delete_permission(request, found),
            "conversation": found,
            "overview": overview,
            "transcript": transcript(found, number_in(request, "before")),
        }

    def export_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return what is stored about a conversation, in the format of `chat_export`.

        The contacts are left out unless the user may view them.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = Conversation.objects.filter(pk=pk)
        if not found:
            raise Http404
        # Imported here to keep the start fast.
        from sitechat.reports import personal_data

        data = personal_data.export(personal_data.about_conversations(found))
        if not may_read_contacts(request):
            del data["contacts"]
        response = JsonResponse(data, json_dumps_params={"indent": 2})
        response["Content-Disposition"] = f'attachment; filename="conversation-{pk}.json"'
        return response

    def label_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Add or remove a label, and return to the transcript."""
        found = Conversation.objects.filter(pk=pk).first()
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        if found is None:
            raise Http404
        if not _may_label(request, found):
            raise PermissionDenied
        if request.method == "POST":
            # Imported here to keep the start fast.
            from sitechat.people.conversation_labels import change_labels
            from sitechat.people.staff_errors import StaffError

            try:
                change_labels(found, request.POST)
            except StaffError as error:
                messages.error(request, str(error.message))
        url = reverse(
            "admin:sitechat_conversation_change", args=[pk], current_app=self.admin_site.name
        )
        return HttpResponseRedirect(url)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page that deletes one conversation. The deletion is retried after a conflict."""
        delete = partial(super().delete_view, request, object_id, extra_context)
        return database.retry(delete, also=(IntegrityError,))

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        """Delete the conversation with its messages, and stop a reply that runs in it."""
        # Imported here to keep the start fast: erasing imports the engine.
        from sitechat.conversations import erasure

        erasure.erase(Conversation.objects.filter(pk=obj.pk))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Return the questions of the conversations, and only the number of their messages."""
        # Imported here to keep the start fast.
        from sitechat.admin.conversation_list_rows import conversation_overviews

        count = sum(conversation.messages.count() for conversation in objs)
        counts = {
            str(self.opts.verbose_name_plural): len(objs),
            str(_("messages")): count,
        }
        return (
            [overview.question or overview.visitor for overview in conversation_overviews(objs)],
            counts,
            set(),
            [],
        )


def _may_label(request: HttpRequest, conversation: Conversation) -> bool:
    """Return whether the user may change the labels of a conversation that the user may read."""
    may_change = request.user.has_perm("sitechat.change_conversation")
    return may_change or may_answer(request.user, conversation.bot)
