"""Create and lock conversations, and add messages that Claude does not answer.

Call these functions inside `database.atomic`.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import F
from django.utils import timezone

from sitechat.conversations.open_confirmations import decline_open
from sitechat.conversations.visit import Visit
from sitechat.events import announce
from sitechat.models import IN_CHAT, Conversation, Message, Role


class ConversationDeleted(Exception):
    """The conversation was deleted after it was read."""


def begin_conversation(visit: Visit, bot: str, pk: uuid.UUID) -> Conversation:
    """Create a visitor's conversation, unless a copy of the request has just created it.

    Return the conversation in both cases, with the values of this request.
    """
    conversation = Conversation(
        pk=pk,
        bot=bot,
        user=visit.account,
        visitor=visit.visitor.session or "",
        command=visit.command,
    )
    Conversation.objects.bulk_create([conversation], ignore_conflicts=True)
    return conversation


def announce_start(conversation: Conversation) -> None:
    """Announce a new conversation to the site (`events`), unless a command started it."""
    if conversation.command in IN_CHAT:
        announce(
            "conversation_started",
            sender=Conversation,
            data={"conversation": str(conversation.pk), "bot": conversation.bot},
            conversation_id=conversation.pk,
            conversation=conversation,
        )


def lock(conversation: Conversation, visit: Visit | None = None) -> bool:
    """Lock the conversation until the transaction ends, and set the time of its last message.

    This is an UPDATE without a SELECT before it. If a transaction on SQLite begins with a read, its
    first write can fail instead of waiting for the lock.

    Args:
        conversation: The conversation as it was read.
        visit: The visitor who writes; None if the staff writes. A signed-in visitor becomes the
            owner of a conversation that has none.

    Returns:
        Whether the conversation may have new messages since it was read. Each message changes
        `updated`.

    Raises:
        ConversationDeleted: The conversation was deleted.
    """
    changes: dict[str, Any] = {"updated": timezone.now()}
    if visit is not None and visit.account is not None and conversation.user_id is None:
        changes["user"] = visit.account
    rows = Conversation.objects
    if rows.filter(pk=conversation.pk, updated=conversation.updated).update(**changes):
        return False
    if rows.filter(pk=conversation.pk).update(**changes):
        return True
    raise ConversationDeleted


def lock_unchanged(conversation: Conversation) -> None:
    """Lock the conversation until the transaction ends, without changing `updated`.

    Use this if no message is added, so that the retention period does not begin again.

    Raises:
        ConversationDeleted: The conversation was deleted.
    """
    # An UPDATE without a SELECT before it, as in `lock`.
    if not Conversation.objects.filter(pk=conversation.pk).update(bot=F("bot")):
        raise ConversationDeleted


def append(conversation: Conversation, role: Role, text: str, **fields: Any) -> Message:
    """Add a message to a locked conversation, and return its row.

    A visitor's message declines the questions about tools that are still open.
    """
    if role == Role.USER:
        decline_open(conversation.messages.filter(confirm__isnull=False))
    newest = conversation.messages.order_by("-position").values_list("position", flat=True).first()
    position = next_question_position(newest) if role == Role.USER else next_answer_position(newest)
    return Message.objects.create(
        conversation=conversation, position=position, role=role, text=text, **fields
    )


def next_question_position(newest: int | None) -> int:
    """Return the position of a visitor's message, the next even number.

    `newest` is the position of the newest message; None if there are no messages.
    """
    return 0 if newest is None else newest // 2 * 2 + 2


def next_answer_position(newest: int | None) -> int:
    """Return the position of an answer, the next odd number. See `next_question_position`."""
    return 1 if newest is None else (newest + 1) // 2 * 2 + 1
