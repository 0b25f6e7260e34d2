"""The admin of deliveries: webhooks and mails that wait, were sent or have failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sitechat.admin.badges import badge
from sitechat.admin.base import ChatRowsAdmin, ReadOnlyPage, may_read_contacts
from sitechat.admin.keyset_pagination import NewestFirst
from sitechat.models import Delivery
from sitechat.safe_text import visible

if TYPE_CHECKING:
    DeliveryModelAdmin = admin.ModelAdmin[Delivery]
else:
    DeliveryModelAdmin = admin.ModelAdmin


BADGES: dict[str, str] = {
    Delivery.State.WAITING: "chat-warn",
    Delivery.State.SENT: "chat-good",
    Delivery.State.FAILED: "chat-bad",
}
"""The style of each state in the list."""

MASKED = "•••"
"""The text that replaces the parts of a visitor's address before and after the @."""

ADDRESS = re.compile(r"""[^\s<>()[\]{}'",;:]+(?:@[^\s<>()[\]{}'",;:]*|…$)""")
"""An e-mail address in the error of a mail server, or the last word of an error that was cut off.
"""


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyPage, ChatRowsAdmin, DeliveryModelAdmin):
    """List deliveries. Failed ones can be sent again. Their contents are not shown."""

    change_list_template = "admin/sitechat/keyset_list.html"
    list_title = _("Deliveries")
    list_class = NewestFirst
    deleted_with = ["conversation", "contact"]
    list_display = ["event", "outcome", "receiver", "created"]
    list_filter = ["state", "kind"]
    ordering = ["-created"]
    actions = ["send_again"]
    fields = ["event", "kind", "shown_target", "state", "attempts", "shown_error", "created",
              "due", "sent"]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return the deliveries.

        Their attribute `names_visitors` says whether the user may see the addresses of visitors.
        """
        sees_all = Value(may_read_contacts(request))
        found: QuerySet[Delivery] = super().get_queryset(request).annotate(names_visitors=sees_all)
        return found

    @admin.display(description=_("to"))
    def receiver(self, delivery: Delivery) -> str:
        """Return the host of a webhook, or the addresses of a mail as in `shown_target`."""
        if delivery.kind == Delivery.Kind.MAIL:
            return self.shown_target(delivery)
        return visible(urlsplit(delivery.target).hostname or delivery.target)

    @admin.display(description=_("state"), ordering="state")
    def outcome(self, delivery: Delivery) -> str:
        """Return the state, with the last error below it."""
        state = badge(delivery.get_state_display(), BADGES.get(delivery.state, ""))
        if not delivery.error:
            return state
        return format_html(
            '{}<br><span class="chat-quiet">{} ({})</span>',
            state,
            self.shown_error(delivery),
            ngettext("%d attempt", "%d attempts", delivery.attempts) % delivery.attempts,
        )

    @admin.display(description=_("target"))
    def shown_target(self, delivery: Delivery) -> str:
        """Return the address of a webhook, or the addresses of a mail, masked if necessary."""
        return visible(_masked(delivery, delivery.target))

    @admin.display(description=_("last error"))
    def shown_error(self, delivery: Delivery) -> str:
        """Return the last error. It is masked, too, because mail servers may repeat the address."""
        return visible(_masked(delivery, delivery.error))

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may send failed deliveries again."""
        return request.user.has_perm("sitechat.change_delivery")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may see deliveries, or send them again."""
        return super().has_view_permission(request, obj) or self.has_send_permission(request)

    @admin.action(description=_("Send failed deliveries again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Queue the failed ones of the selected deliveries. They are sent after this request."""
        chosen = Delivery.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        sent = chosen.send_again()
        # Imported here to keep the start fast: only this page sends.
        from sitechat.events import wake

        wake()
        text = ngettext(
            "%d delivery will be sent again.", "%d deliveries will be sent again.", sent
        )
        messages.success(request, text % sent)


def _masked(delivery: Delivery, text: str) -> str:
    """Return a text about a delivery, without addresses of visitors that the user may not see.

    Only mails with answers of staff (ANSWER_EVENT) go to visitors. Others go to people of the site.
    """
    # Imported here to keep the start fast.
    from sitechat.people.handoff_mails import ANSWER_EVENT

    if delivery.event != ANSWER_EVENT or getattr(delivery, "names_visitors", False):
        return text
    return ADDRESS.sub(f"{MASKED}@{MASKED}", text)
