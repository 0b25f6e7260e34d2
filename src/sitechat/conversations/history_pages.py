"""The messages of a conversation as a visitor reads them, a page at a time.

`GET chat/` calls `excerpt`, and `GET chat/updates/` calls `messages_from`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from sitechat.conversations.replies import drop_lost_links, end_if_lost
from sitechat.conversations.visit import Visit
from sitechat.errors import InvalidRequest
from sitechat.models import Conversation, Message, Status
from sitechat.payloads.messages import ShownMessage

PAGE_SIZE = 50
"""Maximum number of messages in one response."""


@dataclass(frozen=True)
class Excerpt:
    """Consecutive messages of a conversation, oldest first."""

    messages: list[ShownMessage]
    before: str | None
    """The cursor for earlier messages; None if there are no earlier messages."""
    running: str | None
    """The id of the conversation's running reply, even if it is not one of these messages."""


def messages_from(
    visit: Visit, conversation: Conversation, first: int | None
) -> tuple[list[ShownMessage], int]:
    """Read messages of a conversation, at most PAGE_SIZE.

    Args:
        visit: The visitor.
        conversation: The conversation.
        first: The first position to read; None for the newest messages.

    Returns:
        The messages as JSON values, oldest first; and the value of `first` for the next call.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    rows = conversation.messages.all()
    if first is None:
        shown = list(rows.order_by("-position")[:PAGE_SIZE])[::-1]
    else:
        shown = list(rows.filter(position__gte=first).order_by("position")[:PAGE_SIZE])
    return _shown(visit, shown), shown[-1].position + 1 if shown else first or 0


def excerpt(visit: Visit, conversation: Conversation, before: str | None = None) -> Excerpt:
    """Return the newest messages of a conversation, or the last ones before a cursor.

    Raises:
        InvalidRequest: The cursor is not valid: it must come from an earlier response.
        NotFound: The conversation was deleted in the meantime.
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
    """Return the id of the running reply; None if no reply is running."""
    rows = conversation.messages.filter(status=Status.RUNNING)
    return next(
        (str(row.pk) for row in map(end_if_lost, rows) if row.status == Status.RUNNING), None
    )


def _shown(visit: Visit, rows: Sequence[Message]) -> list[ShownMessage]:
    """Return the rows as JSON values for the visitor. End replies whose process has died.

    The addresses of cited pages that the visitor may not see now are emptied.
    """
    messages = [end_if_lost(row).as_dict() for row in rows]
    drop_lost_links(visit, [source for message in messages for source in message["sources"]])
    return messages
