"""The list of a visitor's conversations, with a title for each."""

from __future__ import annotations

from typing import TypedDict

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Left

from sitechat.conversations.own_conversations import own_conversations
from sitechat.conversations.visit import Visit
from sitechat.models import Message, Role
from sitechat.runtime.utc_offsets import with_offset

MAX_LISTED = 50
"""Maximum number of conversations in a visitor's list."""

TITLE_LENGTH = 80
"""Maximum characters of a title, which is the beginning of the visitor's first message."""


class ListedConversation(TypedDict):
    """A conversation in the visitor's list."""

    id: str
    title: str
    """The beginning of the visitor's first message; "" if the visitor has sent no message."""
    updated: str
    """The time of the last message, in ISO format."""
    messages: int
    """The number of messages, answers included."""


def listed(visit: Visit, bot: str) -> list[ListedConversation]:
    """Return the visitor's last conversations with a bot, the one with the newest message first.

    Conversations without messages are left out.
    """
    first = Message.objects.filter(conversation=OuterRef("pk"), role=Role.USER).order_by("position")
    rows = (
        own_conversations(visit)
        .filter(bot=bot)
        .annotate(
            title=Subquery(first.values(start=Left("text", TITLE_LENGTH))[:1]),
            count=Count("messages"),
        )
        .filter(count__gt=0)
        .order_by("-updated")
        .values("pk", "title", "updated", "count")[:MAX_LISTED]
    )
    return [
        {
            "id": str(row["pk"]),
            "title": " ".join((row["title"] or "").split()),
            "updated": with_offset(row["updated"]).isoformat(),
            "messages": row["count"],
        }
        for row in rows
    ]
