"""A visitor's message becomes a turn of the conversation: found again, or begun.

A turn is the message and its reply. Everything that may refuse it is asked before its rows are
written; its rows are committed before Claude is asked.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, IntegrityError, OperationalError
from django.utils import timezone

from sitechat import (
    bookkeeping,
    composing,
    engine,
    exchange,
    primary,
    sessions,
    visitors,
)
from sitechat.driver import LiveReply
from sitechat.errors import Busy, ChatError, Conflict, Overloaded
from sitechat.guard import Ask, check_limits, free_slot
from sitechat.ledger import get_ledger
from sitechat.models import Conversation, Message, Role, Status
from sitechat.replies import Followed, followed, visitor
from sitechat.reply import Reply

if TYPE_CHECKING:
    from django.http import HttpRequest


ATTEMPTS = 20
"""Tries to write a turn, when many messages of an address come at the same moment."""

DEADLOCKS = 4
"""Tries after which a database that can't agree with itself is an error."""


@dataclass(frozen=True)
class Standing:
    """The conversation as a message finds it, and its newest messages, newest first."""

    talk: Conversation | None
    recent: list[Message]


def look(request: HttpRequest, ask: Ask) -> Standing:
    """The visitor's conversation, with as much of it as Claude is shown."""
    known = sessions.conversation_id(request, ask.bot.name)
    if known is None:
        return Standing(None, [])
    theirs = Conversation.objects.owned_by(visitor(request)).filter(pk=known)
    # Named twice, as SQLite would else sort all the messages of a long conversation.
    newest = Message.objects.filter(conversation=known, conversation__in=theirs)
    newest = newest.order_by("-position")
    most = 2 * max(1, ask.bot.max_history)
    recent = list(newest.select_related("conversation")[:most])
    if recent:
        return Standing(recent[0].conversation, recent)
    # The conversation comes first: what it says of its last change must not be newer.
    talk = theirs.first()
    return Standing(talk, list(newest[:most]) if talk else [])


def asked_before(ask: Ask, standing: Standing) -> Followed | None:
    """The reply that the same message began before. Raises Conflict for another text."""
    if standing.talk is None:
        return None
    return _asked_before(standing.talk, ask, standing.recent)


def take(request: HttpRequest, ask: Ask, standing: Standing, *, on_server_loop: bool) -> Followed:
    """The reply to a message that was not asked before: a new one, or, where the same message
    was a moment faster, the one that it began.

    Raises Busy, Conflict, and what the limits refuse.
    """
    talk, recent = standing.talk, standing.recent
    if talk is not None:
        _check_free(talk, recent)
    who = visitors.identify(request)
    try:
        check = partial(check_limits, who, ask.bot)
        claude_request = composing.compose(request, ask, talk, recent, check=check)
        begun = _begin(request, ask, talk, recent, claude_request, who)
    except ChatError:
        again = _asked_meanwhile(request, ask, who)
        if again is None:
            raise
        return again
    if isinstance(begun, Followed):
        return begun
    message, reply = begun
    _remember(request, ask, who, reply.conversation_id)
    live = LiveReply(
        Reply(id=str(reply.pk), message_id=str(message.public_id)),
        claude_request,
        conversation_id=reply.conversation_id,
        bot=ask.bot,
        reserved=reply.reserved or {},
        visitor=who,
        tools=composing.tools(request, ask),
    )
    engine.start(live, on_server_loop=on_server_loop)
    return Followed(live.reply, live)


def _asked_meanwhile(request: HttpRequest, ask: Ask, who: visitors.Visitor) -> Followed | None:
    """The reply that the same message began since the conversation was looked at."""
    name = ask.bot.name
    pk = sessions.conversation_id(request, name) or sessions.new_conversation_id(request, name)
    talk = Conversation.objects.owned_by(visitor(request)).filter(pk=pk).first()
    if talk is None:
        return None
    again = _asked_before(talk, ask, list(talk.messages.order_by("-position")[:2]))
    if again is not None:
        _remember(request, ask, who, pk)
    return again


def _remember(
    request: HttpRequest, ask: Ask, who: visitors.Visitor, conversation_id: uuid.UUID
) -> None:
    visitors.remember(request, who)
    sessions.remember(request, ask.bot.name, conversation_id)


def _begin(
    request: HttpRequest,
    ask: Ask,
    talk: Conversation | None,
    recent: Sequence[Message],
    claude_request: exchange.Request,
    who: visitors.Visitor,
) -> tuple[Message, Message] | Followed:
    """The rows of a new turn, or the turn that the same message began a moment before."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            # Others of the address may be writing through other processes: the database tells.
            guess = attempt == 1 and not engine.writes_to(who.ip)
            begun = _begin_alone(request, ask, talk, recent, claude_request, who, guess=guess)
        except OperationalError:
            # The database ended a deadlock at our cost. Inside a transaction that is the
            # caller's to do again: it may be gone.
            if attempt == DEADLOCKS or primary.in_transaction():
                raise
            sleep(secrets.randbelow(20 * 2**attempt) / 1000)
            continue
        if isinstance(begun, ChatError):
            raise begun
        if begun is not None:
            return begun
    raise Overloaded(retry_after=1)


def _begin_alone(
    request: HttpRequest,
    ask: Ask,
    talk: Conversation | None,
    recent: Sequence[Message],
    claude_request: exchange.Request,
    who: visitors.Visitor,
    *,
    guess: bool,
) -> tuple[Message, Message] | Followed | ChatError | None:
    """Begin the turn while nobody else can begin one in the conversation.

    So of the same message, sent many times at once, only one asks for a place within the limits.
    Returns a refusal where others would raise it, so that what the ledger has noted about it is
    kept; None where another message of the address has just taken the slot.
    """
    reserved: dict[str, Any] | None = None
    try:
        with primary.atomic():
            talk, changed = _lock(request, ask, talk)
            newest = recent[:2]
            if changed:
                newest = list(talk.messages.order_by("-position")[:2])
                if newest:
                    _remember(request, ask, who, talk.pk)
                again = _asked_before(talk, ask, newest)
                if again is not None:
                    return again
                _check_free(talk, newest)
            try:
                slot = free_slot(who.ip, guess=guess)
                reserved = _reserve(who, claude_request)
            except ChatError as refusal:
                if newest:
                    Conversation.objects.filter(pk=talk.pk).update(updated=newest[0].created)
                else:
                    talk.delete()
                return refusal
            position = newest[0].position + 1 if newest else 0
            return _write(ask, talk, position, reserved, slot)
    except DatabaseError as error:
        if reserved is None:
            raise
        get_ledger().rolled_back(reserved["claims"], primary.alias())
        if isinstance(error, IntegrityError):
            return None
        raise


def _lock(request: HttpRequest, ask: Ask, talk: Conversation | None) -> tuple[Conversation, bool]:
    """The conversation, with its row locked; one is begun where there is none.

    Also whether it may have got messages since it was read: each turn writes `updated`.

    It is written without a look before: SQLite refuses a transaction that has read and then
    wants to write, without waiting.
    """
    who = visitor(request)
    user: Any = who if who is not None and who.is_authenticated else None
    if talk is not None:
        changes: dict[str, Any] = {"updated": timezone.now()}
        if user is not None and talk.user_id is None:
            changes["user"] = user
        row = Conversation.objects.filter(pk=talk.pk)
        if row.filter(updated=talk.updated).update(**changes):
            return talk, False
        if row.update(**changes):
            return talk, True
        # It was forgotten a moment before.
    pk = sessions.new_conversation_id(request, ask.bot.name)
    talk = Conversation(pk=pk, bot=ask.bot.name, user=user)
    Conversation.objects.bulk_create([talk], ignore_conflicts=True)
    return talk, not sessions.is_new(request)


def _asked_before(talk: Conversation, ask: Ask, recent: Sequence[Message]) -> Followed | None:
    if ask.client_id is None:
        return None
    message = next((m for m in recent if m.client_id == ask.client_id), None)
    if message is None and recent and recent[-1].position > 0:
        message = talk.messages.filter(client_id=ask.client_id).first()
    if message is None:
        return None
    if message.text != ask.message:
        raise Conflict
    reply = next((m for m in recent if m.position == message.position + 1), None)
    return followed(reply or talk.messages.get(position=message.position + 1), message.public_id)


def _check_free(talk: Conversation, recent: Sequence[Message]) -> None:
    """Raises Busy while a reply is running; one whose process is gone is none."""
    running = next((m for m in recent if m.status == Status.RUNNING), None)
    if running is None:
        return
    if bookkeeping.interrupt_stale(Message.objects.filter(pk=running.pk)):
        running.refresh_from_db()
    if running.status == Status.RUNNING:
        raise Busy(reply=str(running.pk))


def _reserve(who: visitors.Visitor, request: exchange.Request) -> dict[str, Any]:
    """Take the turn's worst case from the limits; `claims` is what was taken."""
    most = request.worst_case()
    claims = get_ledger().reserve(
        who,
        tokens=most["input_tokens"] + most["output_tokens"],
        dollars=Decimal(most["dollars"]),
    )
    return {**most, "claims": claims}


def _write(
    ask: Ask, talk: Conversation, position: int, reserved: dict[str, Any], slot: str | None
) -> tuple[Message, Message]:
    now = timezone.now()
    message = Message(
        conversation=talk,
        position=position,
        role=Role.USER,
        text=ask.message,
        client_id=ask.client_id,
        created=now,
    )
    reply = Message(
        conversation=talk,
        position=position + 1,
        role=Role.ASSISTANT,
        status=Status.RUNNING,
        running_in=talk,
        slot=slot,
        reserved=reserved,
        created=now,
        updated=now,
    )
    Message.objects.bulk_create([message, reply])
    return message, reply
