"""A visitor's right to know and to be forgotten: what is kept of a user or a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sitechat import replies
from sitechat.models import (
    Conversation,
    ConversationQuerySet,
    Message,
    Unanswered,
    Usage,
    with_offset,
)

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

WHAT_IS_KEPT = {
    "conversations": "until CHAT_RETENTION_DAYS after the last message, or until forgotten",
    "usage": "tokens, dollars and times of each reply; kept without any link to the visitor",
    "unanswered": "why a reply did not help, until its conversation is deleted",
}


def export(conversations: ConversationQuerySet) -> dict[str, Any]:
    """All that is kept of the conversations, as JSON can hold it."""
    return {
        "exported": timezone.now().isoformat(),
        "kept": WHAT_IS_KEPT,
        "conversations": list(map(_conversation, conversations.order_by("created"))),
    }


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": str(conversation.pk),
        "bot": conversation.bot,
        "user": str(conversation.user_id) if conversation.user_id is not None else None,
        "created": with_offset(conversation.created).isoformat(),
        "updated": with_offset(conversation.updated).isoformat(),
        "messages": list(_messages(conversation)),
    }


def _messages(conversation: Conversation) -> Iterator[dict[str, Any]]:
    messages = conversation.messages.select_related("usage", "unanswered").order_by("position")
    for message in messages:
        data = message.as_dict()
        data["comment"] = message.comment
        if message.error:
            data["error"] = message.error
        usage = getattr(message, "usage", None)
        if usage is not None:
            data["usage"] = _used(usage)
        unanswered = getattr(message, "unanswered", None)
        if unanswered is not None:
            data["unanswered"] = _unanswered(unanswered)
        yield data


def _used(usage: Usage) -> dict[str, Any]:
    return {
        "model": usage.model,
        "status": usage.status,
        "stop_reason": usage.stop_reason,
        "request_id": usage.request_id,
        "created": with_offset(usage.created).isoformat(),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "dollars": str(usage.dollars),
        "estimated": usage.estimated,
        "first_token_ms": usage.first_token_ms,
        "total_ms": usage.total_ms,
    }


def _unanswered(row: Unanswered) -> dict[str, Any]:
    return {
        "reason": row.reason,
        "created": with_offset(row.created).isoformat(),
        "done": with_offset(row.done).isoformat() if row.done is not None else None,
    }


def forget(conversations: ConversationQuerySet) -> dict[str, Any]:
    """Delete the conversations with all their messages, and stop replies that run in them.

    Returns how many of each there were. `Usage` stays, without its links.
    """
    counts = replies.erase(conversations)
    return {
        "conversations": counts.get(Conversation._meta.label, 0),
        "messages": counts.get(Message._meta.label, 0),
    }


def of_user(user: AbstractBaseUser) -> ConversationQuerySet:
    """The conversations of a user of the site."""
    return Conversation.objects.filter(user=user.pk)


def short_name(conversation: Conversation) -> str:
    """A name for the visitor: the user's, or an opaque short one for the conversation."""
    if conversation.user_id is not None:
        return str(conversation.user)
    return f"visitor {conversation.pk.hex[:6]}"
