"""The visitor's own conversations: find them, list them, and page through their messages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from sitechat.conversations.replies import drop_lost_links, renewed
from sitechat.conversations.visit import Visit
from sitechat.errors import InvalidRequest, NotFound
from sitechat.models import Conversation, ConversationQuerySet, Message, Role, Status
from sitechat.models.ids import parse_uuid
from sitechat.runtime.utc_offsets import with_offset

PAGE_SIZE = 50
"""Maximum number of messages in one response."""

MAX_LISTED = 50
"""Maximum number of conversations in a visitor's list."""

TITLE_LENGTH = 80
"""Maximum characters of a conversation's title, which is its first message."""


class ListedConversation(TypedDict):
    """A conversation in the visitor's list."""

    id: str
    title: str
    updated: str
    messages: int


@dataclass(frozen=True)
class Excerpt:
    """Consecutive messages of a conversation, oldest first."""

    messages: list[dict[str, Any]]
    before: str | None
    """The cursor for earlier messages; None if there are none."""
    running: str | None
    """The id of the conversation's running reply, even if it is not one of these messages."""


def own_conversations(visit: Visit) -> ConversationQuerySet:
    """Return the conversations of the visitor with all bots."""
    return Conversation.objects.belonging_to(
        visit.user,
        visitor=visit.visitor.session if visit.held.session_key is not None else None,
        held=visit.held.all_likely(),
    )


def find(visit: Visit, bot: str, conversation_id: str | None) -> Conversation | None:
    """Return one of the visitor's conversations with a bot.

    Without an id, return the current conversation, or None if there is none.

    Raises:
        NotFound: The visitor has no conversation with this id and bot.
    """
    if conversation_id is None:
        likely = visit.held.likely(bot)
        if likely is None:
            return None
        return Conversation.objects.anonymous_or_owned_by(visit.user).filter(pk=likely).first()
    pk = parse_uuid(conversation_id)
    if pk is None:
        raise NotFound
    return find_by_id(visit, bot, pk)


def find_by_id(visit: Visit, bot: str, pk: uuid.UUID) -> Conversation:
    """Return the visitor's conversation with this id and bot. Raise NotFound if there is none."""
    conversation = own_conversations(visit).filter(pk=pk, bot=bot).first()
    if conversation is None:
        raise NotFound
    return conversation


def listed(visit: Visit, bot: str) -> list[ListedConversation]:
    """Return the visitor's newest conversations with a bot, the newest first."""
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


def messages_after(
    visit: Visit, conversation: Conversation, after: int | None
) -> tuple[list[dict[str, Any]], int]:
    """Read messages of a conversation, at most PAGE_SIZE.

    Args:
        visit: The visitor.
        conversation: The conversation.
        after: The first position to read; None for the newest messages.

    Returns:
        The messages as JSON values, oldest first; and the value of `after` for the next call.
    """
    rows = conversation.messages.all()
    if after is None:
        shown = list(rows.order_by("-position")[:PAGE_SIZE])[::-1]
    else:
        shown = list(rows.filter(position__gte=after).order_by("position")[:PAGE_SIZE])
    return _shown(visit, shown), shown[-1].position + 1 if shown else after or 0


def excerpt(visit: Visit, conversation: Conversation, before: str | None = None) -> Excerpt:
    """Return the newest messages of a conversation, or those before a cursor.

    Raises:
        InvalidRequest: The cursor is not one of an earlier response.
    """
    rows = conversation.messages.order_by("-position")
    if before is not None:
        if not (before.isascii() and before.isdecimal() and len(before) <= 9):
            raise InvalidRequest(
                _('"%(key)s" must be the cursor of an earlier answer.') % {"key": "before"}
            )
        rows = rows.filter(position__lt=int(before))
    newest = list(rows[: PAGE_SIZE + 1])
    shown = newest[:PAGE_SIZE]
    messages = _shown(visit, shown[::-1])
    running = next((m["id"] for m in messages if m["status"] == Status.RUNNING), None)
    if before is not None and running is None:
        running = _running(conversation)
    cursor = str(shown[-1].position) if len(newest) > PAGE_SIZE else None
    return Excerpt(messages, cursor, running)


def _running(conversation: Conversation) -> str | None:
    rows = conversation.messages.filter(status=Status.RUNNING)
    return next((str(row.pk) for row in map(renewed, rows) if row.status == Status.RUNNING), None)


def _shown(visit: Visit, rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the rows as JSON values for the visitor."""
    messages = [renewed(row).as_dict() for row in rows]
    drop_lost_links(visit, [source for message in messages for source in message["sources"]])
    return messages
