"""Read a request into a `Visit`, and store the visitor's identity in the session.

Reading creates no session and sets no cookie.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import get_script_prefix
from django.utils.translation import get_language

from sitechat.conversations import command_mark
from sitechat.conversations.session_conversations import HeldConversations
from sitechat.conversations.visit import Visit
from sitechat.http import sessions
from sitechat.http.requests import network_of
from sitechat.ledger.identity import IDENTITY_LENGTH, identify, session_identity
from sitechat.models import Asker
from sitechat.models.ids import parse_uuid
from sitechat.people import contact_requests
from sitechat.people.permissions import works_with_chat

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

    from sitechat.models import Contact

CONVERSATIONS_KEY = "sitechat"
"""Session key of the conversations by bot."""

VISITOR_KEY = "sitechat_visitor"
"""Session key of the visitor's random identity.

The limits need an identity that survives a login, which changes the session's key, and the
deletion of the conversation.
"""

CONTACT_KEY = "sitechat_contact"
"""Session key that is set when the visitor has sent a contact request."""

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The header by which a client confirms that nobody else knows the id of its message."""

RANDOM_UUID = 4
"""The version of random UUIDs."""

FORGOTTEN = "forgotten "
"""Prefix of the text that replaces the id of a forgotten conversation."""


def read_visit(request: HttpRequest, message_id: uuid.UUID | None = None) -> Visit:
    """Return the visitor and their conversations, without writing anything.

    A visitor without an identity in the session gets a new one, so that the first message counts
    for the session too. `remember` stores it only when the message is accepted, so that a refused
    visitor gets no session.

    Args:
        request: A request that has passed SessionMiddleware.
        message_id: The id of the message in the request, if any.

    Raises:
        ImproperlyConfigured: The site has no SessionMiddleware.
    """
    session = _session(request)
    user = getattr(request, "user", None)
    network = network_of(request)
    visitor = identify(
        session=_identity(session),
        user_pk=user.pk if user is not None and user.is_authenticated else None,
        network=network,
    )
    vouches = message_id is not None and request.headers.get(IDEMPOTENCY_KEY) == str(message_id)
    is_random = message_id is not None and message_id.version == RANDOM_UUID
    may_retry = vouches or (is_random and visitor.user is None and network != "")
    return Visit(
        visitor=visitor,
        user=user,
        language=get_language() or "",
        prefix=get_script_prefix(),
        held=HeldConversations(
            by_bot=_by_bot(session),
            # Only a session with data is known to exist: a forged cookie becomes the key as it is.
            session_key=session.session_key if list(session.keys()) else None,
            retry_key=f"{network}:{message_id}" if may_retry else None,
            retry_gets_session=vouches,
        ),
        request=request,
        command=_mark(request, user),
    )


def _mark(request: HttpRequest, user: Any) -> str | None:
    """Return the sender if it is not a visitor (`Asker`); None for a visitor."""
    signed = command_mark.command_of(request.headers.get(command_mark.HEADER))
    return signed or (Asker.STAFF.value if works_with_chat(user) else None)


def remember(request: HttpRequest, visit: Visit, bot: str, conversation: uuid.UUID) -> None:
    """Store the visitor's identity and conversation in the session if they are new there."""
    remember_visitor(request, visit)
    session = _session(request)
    by_bot = _by_bot(session)
    if by_bot.get(bot) != str(conversation):
        session[CONVERSATIONS_KEY] = {**by_bot, bot: str(conversation)}


def accept(request: HttpRequest, visit: Visit, bot: str, conversation: uuid.UUID) -> None:
    """Store in the session what an accepted message or request for a person has started.

    A contact that the visitor has left before is linked to the conversation.
    """
    contact = _take_contact(request, bot)
    if contact is not None:
        contact_requests.link_conversation(contact, conversation, bot)
    remember(request, visit, bot, conversation)
    sessions.save(request)


def remember_visitor(request: HttpRequest, visit: Visit) -> None:
    """Store the visitor's identity in the session if it is new there."""
    session = _session(request)
    if session.get(VISITOR_KEY) != visit.visitor.session:
        session[VISITOR_KEY] = visit.visitor.session


def remember_contact(request: HttpRequest, contact: Contact) -> None:
    """Note in the session that the visitor has sent a contact request.

    The session keeps the id and the bot of a contact request without a conversation, for `accept`.
    """
    is_alone = contact.conversation_id is None
    _session(request)[CONTACT_KEY] = f"{contact.pk} {contact.bot}" if is_alone else ""


def has_left_contact(request: HttpRequest) -> bool:
    """Return whether the visitor has sent a contact request."""
    return CONTACT_KEY in _session(request)


def _take_contact(request: HttpRequest, bot: str) -> uuid.UUID | None:
    """Remove the id of a contact request without a conversation from the session and return it.

    A contact request for another bot is kept.
    """
    session = _session(request)
    waiting = session.get(CONTACT_KEY)
    pk, _space, its_bot = waiting.partition(" ") if isinstance(waiting, str) else ("", "", "")
    if not pk or its_bot not in ("", bot):
        return None
    session[CONTACT_KEY] = ""
    return parse_uuid(pk)


def drop_conversation(request: HttpRequest, visit: Visit, bot: str) -> None:
    """Remove the conversation with a bot from the session; the next one gets another id."""
    session = _session(request)
    by_bot = _by_bot(session)
    if bot in by_bot or not visit.held.is_new:
        session[CONVERSATIONS_KEY] = {**by_bot, bot: f"{FORGOTTEN}{secrets.token_hex(8)}"}


def _session(request: HttpRequest) -> SessionBase:
    try:
        return request.session
    except AttributeError:
        raise ImproperlyConfigured(
            "sitechat needs django.contrib.sessions: put SessionMiddleware into MIDDLEWARE."
        ) from None


def _identity(session: SessionBase) -> str:
    stored = session.get(VISITOR_KEY)
    if isinstance(stored, str) and len(stored) == IDENTITY_LENGTH:
        return stored
    return session_identity(session.session_key)


def _by_bot(session: SessionBase) -> dict[str, str]:
    held = session.get(CONVERSATIONS_KEY)
    if not isinstance(held, dict):
        return {}
    return {bot: entry for bot, entry in held.items() if isinstance(entry, str)}
