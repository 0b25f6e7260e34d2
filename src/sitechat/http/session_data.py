"""The data of the chat in the visitor's session: identity, conversations and contact requests.

`visit_reader` reads the data. The `*_views` store it, but only after a call was accepted.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from sitechat.conversations.visit import Visit
from sitechat.http import session_saving
from sitechat.ledger.visitor_identity import IDENTITY_LENGTH, session_identity
from sitechat.models.ids import parse_uuid
from sitechat.people import contact_requests

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

    from sitechat.models import Contact

CONVERSATIONS_KEY = "sitechat"
"""Session key of the conversations: a dict with the id of one conversation for each bot."""

VISITOR_KEY = "sitechat_visitor"
"""Session key of the visitor's identity.

The limits need an identity that stays the same after a login, which changes the session's key, and
after the deletion of the conversation.
"""

SEVERAL_KEY = "sitechat_several"
"""Session key that is set when the visitor has changed from one conversation to another."""

CONTACT_KEY = "sitechat_contact"
"""Session key that is set when the visitor has sent a contact request."""

FORGOTTEN = "forgotten "
"""Prefix of the text that replaces the id of a forgotten conversation."""


def session_of(request: HttpRequest) -> SessionBase:
    """Return the session of a request, without loading its data.

    Raises:
        ImproperlyConfigured: The site has no SessionMiddleware.
    """
    try:
        return request.session
    except AttributeError:
        raise ImproperlyConfigured(
            "sitechat needs django.contrib.sessions: put SessionMiddleware into MIDDLEWARE."
        ) from None


def identity_in(session: SessionBase) -> str:
    """Return the visitor's identity in the session, or a new identity if there is none.

    A new identity is not stored. It is computed from the session's key, or is random without a key.
    """
    stored = session.get(VISITOR_KEY)
    if isinstance(stored, str) and len(stored) == IDENTITY_LENGTH:
        return stored
    return session_identity(session.session_key)


def conversations_by_bot(session: SessionBase) -> dict[str, str]:
    """Return the session's entries that are texts, by bot (see `HeldConversations.by_bot`)."""
    held = session.get(CONVERSATIONS_KEY)
    if not isinstance(held, dict):
        return {}
    return {bot: entry for bot, entry in held.items() if isinstance(entry, str)}


def has_several_conversations(session: SessionBase) -> bool:
    """Return whether the visitor has changed from one conversation with a bot to another one."""
    return SEVERAL_KEY in session


def remember(request: HttpRequest, visit: Visit, bot: str, conversation: uuid.UUID) -> None:
    """Store the visitor's identity and conversation in the session, unless the session has them.

    If the session had another conversation with the bot, this also sets SEVERAL_KEY.
    """
    remember_visitor(request, visit)
    session = session_of(request)
    by_bot = conversations_by_bot(session)
    if by_bot.get(bot) != str(conversation):
        if visit.held.get(bot) is not None:
            session[SEVERAL_KEY] = True
        session[CONVERSATIONS_KEY] = {**by_bot, bot: str(conversation)}


def remember_accepted(
    request: HttpRequest, visit: Visit, bot: str, conversation: uuid.UUID
) -> None:
    """Store a conversation after a message or a request for a person. Save the session.

    Call this only after the message or the request was accepted. If the visitor has sent a contact
    request without a conversation before, this links the contact request to the conversation.
    """
    contact = _take_contact(request, bot)
    if contact is not None:
        contact_requests.link_conversation(contact, conversation, bot)
    remember(request, visit, bot, conversation)
    session_saving.save(request)


def remember_visitor(request: HttpRequest, visit: Visit) -> None:
    """Store the visitor's identity in the session, unless the session already has this identity."""
    session = session_of(request)
    if session.get(VISITOR_KEY) != visit.visitor.session:
        session[VISITOR_KEY] = visit.visitor.session


def remember_contact(request: HttpRequest, contact: Contact) -> None:
    """Record in the session that the visitor has sent a contact request.

    If the contact request has no conversation yet, its id and bot are stored in the session, so
    that `remember_accepted` can link it to a later conversation.
    """
    is_unlinked = contact.conversation_id is None
    session_of(request)[CONTACT_KEY] = f"{contact.pk} {contact.bot}" if is_unlinked else ""


def has_left_contact(request: HttpRequest) -> bool:
    """Return whether the visitor has sent a contact request."""
    return CONTACT_KEY in session_of(request)


def _take_contact(request: HttpRequest, bot: str) -> uuid.UUID | None:
    """Remove the id of a contact request without a conversation from the session and return it.

    Return None, and do not change the session, if there is no such contact request, or if it was
    sent to another bot.
    """
    session = session_of(request)
    waiting = session.get(CONTACT_KEY)
    pk, _space, contact_bot = waiting.partition(" ") if isinstance(waiting, str) else ("", "", "")
    if not pk or contact_bot not in ("", bot):
        return None
    session[CONTACT_KEY] = ""
    return parse_uuid(pk)


def drop_conversation(request: HttpRequest, visit: Visit, bot: str) -> None:
    """Remove the conversation with a bot from the session.

    A random text replaces its id, so that the visitor's next conversation gets another id. The
    session of a new visitor is not changed.
    """
    session = session_of(request)
    by_bot = conversations_by_bot(session)
    if bot in by_bot or not visit.held.is_new:
        session[CONVERSATIONS_KEY] = {**by_bot, bot: f"{FORGOTTEN}{secrets.token_hex(8)}"}
