"""The actions of visitors: ask for a person, write to the person, return to the bot.

`http.person_views` and `http.chat_views` call them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db.models import F, Q
from django.utils import timezone

from sitechat.chatbot import Chatbot
from sitechat.claude.messages import VisitorPage
from sitechat.conversations import edited_bot_texts, message_storing, own_conversations
from sitechat.conversations.conversation_lookup import ConversationState, stored_message
from sitechat.conversations.message_body import IncomingMessage, path_of
from sitechat.conversations.visit import Visit
from sitechat.errors import Conflict, Overloaded, PersonJoined, PersonUnavailable
from sitechat.events import announce
from sitechat.ledger import get_ledger
from sitechat.ledger.claims import Reservation
from sitechat.models import Conversation, Handoff, HandoffEntry, HandoffState, Message, Role
from sitechat.people import handoff as handoffs
from sitechat.people import handoff_mails
from sitechat.people.person_options import is_available, person_options
from sitechat.people.visitor_limits import run_counted

Kind = HandoffEntry.Kind


@dataclass(frozen=True)
class DeliveredMessage:
    """A visitor's message that is stored for a person."""

    conversation: Conversation
    message_id: str
    """The public id of the message."""
    name: str
    """The name of the person who has joined; empty if the person has left since."""


def find_delivered(state: ConversationState, message: IncomingMessage) -> DeliveredMessage | None:
    """Return the message if an earlier request has stored it for a person, else None.

    Call this only for a message that has no reply of Claude, because this is not checked here.

    Raises:
        Conflict: The id of the message was used for another text.
    """
    row = state.earlier_message(message)
    if row is None or state.conversation is None:
        return None
    joined = handoffs.joined_handoff(state.conversation.pk)
    return DeliveredMessage(state.conversation, str(row.public_id), joined.name if joined else "")


def deliver(
    visit: Visit, message: IncomingMessage, conversation: Conversation | None
) -> DeliveredMessage:
    """Store a visitor's message for the person who has joined.

    Args:
        visit: The visitor.
        message: The message.
        conversation: The conversation; None if it was deleted after the person had joined.

    Raises:
        Conflict: The message replaces another one, or its id was used for another text.
        RateLimited: The limits on messages are reached.
        Overloaded: The ledger does not answer, the person has just left, or the conversation was
            just deleted. In the last two cases, the bot answers if the client sends the message
            again.
    """
    if message.replaces is not None:
        raise Conflict
    if conversation is None:
        raise Overloaded(retry_after=1)
    try:
        return run_counted(partial(_store, visit, message, conversation))
    except message_storing.ConversationDeleted:
        raise Overloaded(retry_after=1) from None


def _store(
    visit: Visit, message: IncomingMessage, conversation: Conversation, claims: Reservation
) -> DeliveredMessage:
    message_storing.lock(conversation, visit)
    joined = Handoff.objects.filter(pk=conversation.pk, state=HandoffState.JOINED)
    # The lock makes a concurrent copy of the message wait until this one can be found.
    row = stored_message(conversation, message)
    if row is None:
        claims.extend(get_ledger().count(visit.visitor))
        if not joined.update(visitor_wrote=timezone.now(), version=F("version") + 1):
            raise Overloaded(retry_after=1)
        row = message_storing.append(
            conversation,
            Role.USER,
            message.text,
            client_id=message.client_id,
            page=message.page_path,
            language=visit.language[: Message.MAX_LANGUAGE_LENGTH] or None,
        )
    name = joined.values_list("name", flat=True).first() or ""
    return DeliveredMessage(conversation, str(row.public_id), name)


def request_person(
    visit: Visit,
    bot: Chatbot,
    conversation_id: str | None,
    page: VisitorPage,
    *,
    admin_url: Callable[[uuid.UUID], str],
) -> Handoff:
    """Ask for a person in the visitor's conversation, and start a conversation if there is none.

    If the visitor is waiting already, nothing changes, and the request does not count in the
    limits.

    Args:
        visit: The visitor.
        bot: The bot of the conversation.
        conversation_id: The id of one of the visitor's conversations; None for the current one.
        page: The page that the visitor is on.
        admin_url: Returns the address of a conversation in the admin for the mail to the staff,
            or "".

    Raises:
        PersonJoined: A person has joined already.
        PersonUnavailable: Nobody answers at this time, the bot does not offer a person, or
            CHAT_PERSON is empty or invalid.
        RateLimited: The limits on messages are reached.
        NotFound: The visitor has no conversation with this id.
        Overloaded: The conversation was just deleted, or the ledger does not answer.
    """
    options = person_options()
    conversation = own_conversations.find(visit, bot.name, conversation_id)
    if conversation is not None and handoffs.joined_handoff(conversation.pk) is not None:
        raise PersonJoined
    if not edited_bot_texts.read_texts(bot.name).offers_person or not is_available(options):
        raise PersonUnavailable
    target = conversation or _new_id(visit, bot.name)
    return run_counted(partial(_request, visit, bot, target, page, admin_url))


def _request(
    visit: Visit,
    bot: Chatbot,
    conversation: Conversation | uuid.UUID,
    page: VisitorPage,
    admin_url: Callable[[uuid.UUID], str],
    claims: Reservation,
) -> Handoff:
    """Store the request for a person in a transaction; see `run_counted` for `claims`."""
    is_new_conversation = False
    if isinstance(conversation, uuid.UUID):
        conversation = message_storing.begin_conversation(visit, bot.name, conversation)
        is_new_conversation = True
    try:
        message_storing.lock(conversation, visit)  # concurrent copies of the request wait here
    except message_storing.ConversationDeleted:
        raise Overloaded(retry_after=1) from None
    values = {
        **handoffs.fields_without_person(HandoffState.WAITING),
        "bot": bot.name,
        "requested": timezone.now(),
        "page_url": path_of(page) or "",
        "page_title": page.title,
        "language": visit.language[:16],
    }
    new = Handoff(conversation=conversation, **values)
    rows = Handoff.objects.filter(pk=conversation.pk)
    is_free = ~Q(state__in=[HandoffState.WAITING, HandoffState.JOINED])
    is_new = bool(rows.filter(is_free).update(**values, version=F("version") + 1))
    if not is_new and not rows.exists():
        Handoff.objects.bulk_create([new], ignore_conflicts=True)
        is_new = True
    handoff = rows.get()
    if handoff.state == HandoffState.JOINED:
        raise PersonJoined
    if not is_new:  # a copy of the request, such as a double click
        return handoff
    claims.extend(get_ledger().count(visit.visitor))
    if is_new_conversation:
        message_storing.announce_start(conversation)
    handoffs.write_entry(conversation.pk, Kind.REQUESTED)
    _announce(handoff, bot, admin_url)
    return handoff


def _announce(handoff: Handoff, bot: Chatbot, admin_url: Callable[[uuid.UUID], str]) -> None:
    announce(
        "person_requested",
        sender=type(bot),
        data={
            "conversation": str(handoff.pk),
            "bot": handoff.bot,
            "page": handoff.page_url,
            "language": handoff.language,
        },
        conversation_id=handoff.pk,
        handoff=handoff,
    )
    options = person_options()
    if options is not None:
        handoff_mails.notify_staff(handoff, options, admin_url(handoff.pk))


def _new_id(visit: Visit, bot: str) -> uuid.UUID:
    """Return the id for a new conversation. No conversation of another account has this id."""
    pk = visit.held.new_id(bot)
    others = Conversation.objects.filter(pk=pk).exclude(user=None).exclude(user=visit.account)
    return uuid.uuid4() if others.exists() else pk


def leave_person(visit: Visit, bot: Chatbot, conversation_id: str | None) -> Handoff | None:
    """Let the bot answer again in the visitor's conversation.

    Returns:
        The handoff; None if there is no conversation, if the conversation has no handoff, or if
        CHAT_PERSON is empty or invalid.

    Raises:
        NotFound: The visitor has no conversation with this id.
    """
    conversation = own_conversations.find(visit, bot.name, conversation_id)
    if conversation is None:
        return None
    is_open = Q(state__in=[HandoffState.WAITING, HandoffState.JOINED])
    handoffs.change(
        conversation.pk,
        is_open,
        Kind.WITHDRAWN,
        **handoffs.fields_without_person(HandoffState.NONE),
    )
    return handoffs.find_handoff(conversation.pk, person_options())
