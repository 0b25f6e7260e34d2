"""The conversations that belong to a visitor."""

from __future__ import annotations

import uuid

from sitechat.conversations.visit import Visit
from sitechat.errors import NotFound
from sitechat.models import Conversation, ConversationQuerySet
from sitechat.models.ids import parse_uuid


def own_conversations(visit: Visit) -> ConversationQuerySet:
    """Return the conversations of the visitor with all bots.

    They include the conversations of the session and, for a signed-in user, of all the user's
    devices.
    """
    return Conversation.objects.belonging_to(
        visit.user,
        visitor=visit.visitor.session if visit.held.session_key is not None else None,
        held=visit.held.all_likely_ids(),
    )


def find(visit: Visit, bot: str, conversation_id: str | None) -> Conversation | None:
    """Return one of the visitor's conversations with a bot.

    Without an id, return the conversation of the session, or None if the session has no
    conversation. A conversation that has just begun is found before the session stores it.

    Raises:
        NotFound: The visitor has no conversation with this id and bot.
    """
    if conversation_id is None:
        likely = visit.held.likely_id(bot)
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
