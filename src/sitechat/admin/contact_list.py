"""The admin of contact requests, with a CSV export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sitechat.admin.badges import badge
from sitechat.admin.base import ChatRowsAdmin, may_read_transcripts
from sitechat.admin.csv_cells import csv_response
from sitechat.admin.filters import BotFilter
from sitechat.admin.keyset_pagination import NewestFirst
from sitechat.conf import conf
from sitechat.models import Contact
from sitechat.people.languages_and_durations import language_name
from sitechat.safe_text import safe_link, visible

if TYPE_CHECKING:
    ContactModelAdmin = admin.ModelAdmin[Contact]
else:
    ContactModelAdmin = admin.ModelAdmin

BADGES: dict[str, str] = {
    Contact.State.NEW: "chat-warn",
    Contact.State.CONTACTED: "chat-busy",
    Contact.State.DONE: "chat-good",
}
"""The style of each state in the list."""

EXCERPT = 120
"""Maximum characters of a message in the list."""

CSV_BATCH = 1000
"""Number of rows that are read at once for a CSV file."""

COLUMNS = ("created", "state", "email", "name", "phone", "message", "bot", "language", "page",
           "consent", "conversation_id")  # fmt: skip
"""Columns of the CSV file."""


OPTIONAL = ("email", "name", "phone", "message", "page", "consent")
"""Fields whose line is left out of a contact's page if they are empty."""


@admin.register(Contact)
class ContactAdmin(ChatRowsAdmin, ContactModelAdmin):
    """List contact requests. Only their state can be changed."""

    list_title = _("Contacts")
    list_class = NewestFirst
    list_display = ["shown_contact", "shown_state", "excerpt", "created"]
    list_display_links = None
    list_filter = ["state", BotFilter, "created"]
    search_fields = ["email", "name", "phone", "message"]
    search_help_text = _("Search for words in addresses, names, phone numbers and messages.")
    ordering = ["-created"]
    actions = ["mark_new", "mark_contacted", "mark_done"]
    fields = ["state", "shown_email", "shown_name", "shown_phone", "shown_message", "shown_page",
              "bot", "shown_language", "transcript", "consent", "created"]  # fmt: skip
    readonly_fields = ["shown_email", "shown_name", "shown_phone", "shown_message", "shown_page",
                       "bot", "shown_language", "transcript", "consent", "created"]  # fmt: skip

    @admin.display(description=_("name"))
    def shown_name(self, contact: Contact) -> str:
        """Return the name; empty if the visitor entered none."""
        return format_html("<bdi>{}</bdi>", visible(contact.name)) if contact.name else ""

    @admin.display(description=_("contact"))
    def shown_contact(self, contact: Contact) -> str:
        """Return the displayed name as a link to the contact.

        The address and the phone number follow below, unless they are the displayed name.
        """
        name = format_html(
            '<a href="{}">{}</a>',
            reverse(
                "admin:sitechat_contact_change",
                args=[contact.pk],
                current_app=self.admin_site.name,
            ),
            contact.display_name,
        )
        others = [(contact.email, self.shown_email), (contact.phone, self.shown_phone)]
        shown = contact.display_name
        parts = [name, *(show(contact) for value, show in others if visible(value) != shown)]
        return format_html_join(mark_safe("<br>"), "{}", ((part,) for part in parts if part))

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, contact: Contact) -> str:
        """Return the state as a badge."""
        return badge(contact.get_state_display(), BADGES.get(contact.state, ""))

    @admin.display(description=_("language"))
    def shown_language(self, contact: Contact) -> str:
        """Return the name of the language."""
        return language_name(contact.language)

    @admin.display(description=_("e-mail"))
    def shown_email(self, contact: Contact) -> str:
        """Return the address as a link that opens a new mail; empty without an address."""
        if not contact.email:
            return ""
        # Mail programs read the text after a question mark as further fields of the mail.
        address = quote(contact.email, safe="@")
        return format_html('<a href="mailto:{}">{}</a>', address, visible(contact.email))

    @admin.display(description=_("phone"))
    def shown_phone(self, contact: Contact) -> str:
        """Return the phone number; empty without one."""
        return (
            format_html('<bdi dir="ltr">{}</bdi>', visible(contact.phone)) if contact.phone else ""
        )

    @admin.display(description=_("message"))
    def excerpt(self, contact: Contact) -> str:
        """Return the beginning of the message."""
        text = " ".join(contact.message.split())
        shown = visible(text[:EXCERPT] + ("…" if len(text) > EXCERPT else ""))
        return format_html('<span dir="auto">{}</span>', shown)

    @admin.display(description=_("message"))
    def shown_message(self, contact: Contact) -> str:
        """Return the whole message."""
        return format_html('<div class="chat-text" dir="auto">{}</div>', visible(contact.message))

    @admin.display(description=_("page"))
    def shown_page(self, contact: Contact) -> str:
        """Return a link to the page on which the form was sent, or its address as text."""
        link = safe_link(contact.page)
        shown = visible(contact.page)
        return format_html('<a href="{}">{}</a>', link, shown) if link else shown

    @admin.display(description=_("conversation"))
    def transcript(self, contact: Contact) -> str:
        """Return a link to the transcript, or a sentence if there is none."""
        if contact.conversation_id is None:
            return str(_("There is none, or it was deleted."))
        url = reverse(
            "admin:sitechat_conversation_change",
            args=[contact.conversation_id],
            current_app=self.admin_site.name,
        )
        return format_html('<a href="{}">{}</a>', url, _("Read the transcript"))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns, with the bot if there are several."""
        columns = list(self.list_display)
        if len(conf.CHAT_BOTS) > 1:
            columns.insert(-1, "bot")
        return columns

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return what is deleted, with the names of the contacts instead of their ids."""
        _deleted, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        return [contact.display_name for contact in objs], dict(counts), perms_needed, protected

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the fields without the empty ones of OPTIONAL.

        The transcript is left out if the user may not read it.
        """
        hidden = set() if may_read_transcripts(request) else {"transcript"}
        if obj is not None:
            empty = {name for name in OPTIONAL if not getattr(obj, name)}
            hidden |= empty | {f"shown_{name}" for name in empty}
        return [name for name in self.fields or [] if name not in hidden]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Return the page of a contact, with its name as the heading instead of its id."""
        shown = {**context, "subtitle": context["original"].display_name}
        return super().render_change_form(request, shown, *args, **kwargs)

    @admin.action(description=_("Mark as new"), permissions=["change"])
    def mark_new(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        """Set the state of the selected contacts."""
        self._mark(request, queryset, Contact.State.NEW)

    @admin.action(description=_("Mark as contacted"), permissions=["change"])
    def mark_contacted(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        """Set the state of the selected contacts."""
        self._mark(request, queryset, Contact.State.CONTACTED)

    @admin.action(description=_("Mark as done"), permissions=["change"])
    def mark_done(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        """Set the state of the selected contacts."""
        self._mark(request, queryset, Contact.State.DONE)

    def _mark(self, request: HttpRequest, queryset: QuerySet[Contact], state: str) -> None:
        count = queryset.update(state=state)
        text = ngettext("%d contact was changed.", "%d contacts were changed.", count)
        messages.success(request, text % count)

    def get_urls(self) -> list[Any]:
        """Return the URLs, including that of the CSV file."""
        export = path(
            "csv/", self.admin_site.admin_view(self.csv_view), name="sitechat_contact_csv"
        )
        return [export, *super().get_urls()]

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """Return the rows that match the search and the filters in the query string as a CSV file.

        If the query string is not valid, redirect to the list.
        """
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect("../")
        return csv_response("contacts.csv", chain([COLUMNS], _rows(found)))


def _rows(found: QuerySet[Contact]) -> Iterator[Sequence[object]]:
    for values in found.values_list(*COLUMNS).iterator(chunk_size=CSV_BATCH):
        created, *others = values
        yield [created.isoformat(), *("" if value is None else value for value in others)]
