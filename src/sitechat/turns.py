"""A visitor's message becomes a turn of the conversation: found again, or begun.

A turn is the message and its reply. Everything that may refuse it has been asked before its rows
are written; its rows are committed before Claude is.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from sitechat import bookkeeping, engine, exchange, history, prices, sessions, visitors
from sitechat.driver import LiveReply
from sitechat.errors import Busy, Conflict, NotFound
from sitechat.guard import Ask, parse_uuid
from sitechat.ledger import get_ledger
from sitechat.models import Conversation, Message, Role, Status
from sitechat.reply import Reply

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest


@dataclass(frozen=True)
class Followed:
    """A reply that a reader can follow: live in this process, or known from its row."""

    reply: Reply
    live: LiveReply | None = None


def conversation(request: HttpRequest, bot: str) -> Conversation | None:
    """The visitor's conversation with a bot; None where there is none, or it is not theirs."""
    known = sessions.conversation_id(request, bot)
    if known is None:
        return None
    return Conversation.objects.owned_by(visitor(request)).filter(pk=known).first()


def visitor(request: HttpRequest) -> AbstractBaseUser | AnonymousUser | None:
    """The request's user; None on sites without django.contrib.auth."""
    return getattr(request, "user", None)


# A message


def take(request: HttpRequest, ask: Ask, *, on_server_loop: bool) -> Followed:
    """The reply to the message: the one that it began before, or a new one.

    Raises Busy, Conflict, and what the ledger refuses.
    """
    talk = conversation(request, ask.bot.name)
    recent: list[Message] = []
    if talk is not None:
        recent = list(talk.messages.order_by("-position")[: 2 * max(1, ask.bot.max_history)])
        again = _asked_before(talk, ask, recent)
        if again is not None:
            return again
        _check_free(talk, recent)
    claude_request = _request(request, ask, talk, recent)
    who = visitors.identify(request)
    reserved = _reserve(who, claude_request)
    try:
        talk, message, reply = _write(request, ask, talk, recent, reserved)
    except IntegrityError:
        # The same message, or another, was a moment faster.
        get_ledger().cancel(reserved["claims"])
        return _lost_race(request, ask, talk)
    visitors.remember(request, who)
    sessions.remember(request, ask.bot.name, talk.pk)
    live = LiveReply(
        Reply(id=str(reply.pk), message_id=str(message.public_id)),
        claude_request,
        conversation_id=talk.pk,
        bot=ask.bot,
        reserved=reserved,
    )
    engine.start(live, on_server_loop=on_server_loop)
    return Followed(live.reply, live)


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


def _lost_race(request: HttpRequest, ask: Ask, talk: Conversation | None) -> Followed:
    if talk is None:
        pk = sessions.new_conversation_id(request, ask.bot.name, ask.client_id)
        talk = Conversation.objects.get(pk=pk)
    if ask.client_id is not None:
        message = talk.messages.filter(client_id=ask.client_id).first()
        if message is not None:
            sessions.remember(request, ask.bot.name, talk.pk)
            again = _asked_before(talk, ask, [message])
            assert again is not None  # noqa: S101 - the message has this id
            return again
    running = talk.messages.filter(status=Status.RUNNING).first()
    raise Busy(reply=str(running.pk) if running else None)


def _request(
    request: HttpRequest, ask: Ask, talk: Conversation | None, recent: Sequence[Message]
) -> exchange.Request:
    bot = ask.bot
    number = (recent[0].position + 1) // 2 if recent else 0
    first = history.first_turn(number, bot.max_history)
    by_position = {message.position: message for message in recent}
    turns = [
        history.Turn(question.text, reply.text, reply.status)
        for n in range(first, number)
        if (question := by_position.get(2 * n)) and (reply := by_position.get(2 * n + 1))
    ]
    return exchange.Request(
        model=bot.model,
        max_tokens=bot.max_tokens,
        system=history.system(bot.system_prompt(request), caching=bot.caching),
        messages=history.messages(
            turns,
            question=ask.message,
            page=ask.page,
            context=bot.context(request),
            caching=bot.caching,
            citations=bot.citations,
        ),
        user_id=_opaque(talk.pk if talk else uuid.uuid4()),
        thinking=bot.thinking,
    )


def _opaque(pk: uuid.UUID) -> str:
    return salted_hmac("sitechat.turns", str(pk), algorithm="sha256").hexdigest()[:32]


def _reserve(who: visitors.Visitor, request: exchange.Request) -> dict[str, Any]:
    """Take the turn's worst case from the limits; what a row keeps of it."""
    dollars = prices.worst_case(
        request.model, input_tokens=request.most_input, max_tokens=request.most_output
    )
    claims = get_ledger().reserve(
        who, tokens=request.most_input + request.most_output, dollars=dollars
    )
    return {
        "claims": claims,
        "model": request.model,
        "input_tokens": request.most_input,
        "output_tokens": request.most_output,
        "dollars": str(dollars),
    }


def _write(
    request: HttpRequest,
    ask: Ask,
    talk: Conversation | None,
    recent: Sequence[Message],
    reserved: dict[str, Any],
) -> tuple[Conversation, Message, Message]:
    who = visitor(request)
    user: Any = who if who is not None and who.is_authenticated else None
    now = timezone.now()
    with transaction.atomic():
        if talk is None:
            talk, _created = Conversation.objects.get_or_create(
                pk=sessions.new_conversation_id(request, ask.bot.name, ask.client_id),
                defaults={"bot": ask.bot.name, "user": user},
            )
        else:
            changes: dict[str, Any] = {"updated": now}
            if user is not None and talk.user_id is None:
                changes["user"] = user
            Conversation.objects.filter(pk=talk.pk).update(**changes)
        position = recent[0].position + 1 if recent else 0
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
            reserved=reserved,
            created=now,
            updated=now,
        )
        Message.objects.bulk_create([message, reply])
    return talk, message, reply


# A reply


def find_reply(request: HttpRequest, reply_id: str) -> Message:
    """The visitor's reply of that id; raises NotFound for anything else, always the same."""
    pk = parse_uuid(reply_id)
    held = sessions.conversation_ids(request)
    if pk is None or not held:
        raise NotFound
    theirs = Conversation.objects.owned_by(visitor(request)).filter(pk__in=held)
    row = Message.objects.replies().filter(pk=pk, conversation__in=theirs).first()
    if row is None:
        raise NotFound
    return row


def followed(row: Message, message_id: uuid.UUID | None = None) -> Followed:
    """The reply of a row, live where it runs here."""
    live = engine.find(row.pk)
    if live is not None:
        return Followed(live.reply, live)
    if message_id is None:
        message = Message.objects.get(conversation=row.conversation_id, position=row.position - 1)
        message_id = message.public_id
    if row.status == Status.RUNNING and bookkeeping.interrupt_stale(
        Message.objects.filter(pk=row.pk)
    ):
        row.refresh_from_db()
    return Followed(Reply.from_row(row, str(message_id)))


def reload(reply: Reply) -> Reply | None:
    """The reply of another process as its row is now; None once it was forgotten."""
    row = Message.objects.filter(pk=reply.id).first()
    return followed(row, uuid.UUID(reply.message_id)).reply if row else None


def stop(row: Message, at: int | None) -> None:
    """Stop the reply wherever it runs; the process that runs it keeps what the visitor saw."""
    if row.status != Status.RUNNING or engine.stop(row.pk, at):
        return
    Message.objects.filter(pk=row.pk, status=Status.RUNNING, stop_at=None).update(
        stop_at=EVERYTHING if at is None else min(at, EVERYTHING)
    )


EVERYTHING = 2**31 - 1
"""The `stop_at` of a visitor who did not say how much was shown."""


def forget(request: HttpRequest, bot: str) -> None:
    """Delete the visitor's conversation with a bot, and stop a reply that runs in it."""
    talk = conversation(request, bot)
    if talk is not None:
        running = list(talk.messages.filter(status=Status.RUNNING).values_list("pk", flat=True))
        talk.delete()
        for pk in running:
            engine.stop(pk, 0)
    sessions.forget(request, bot)
