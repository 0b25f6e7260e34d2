"""The short steps by which running replies reach the database. Sync; called on threads.

A reply is settled exactly once: by whoever takes its reservation (`Message.reserved`) off the
row. Where nobody knows what a reply used, what was reserved stays booked.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import close_old_connections, connections
from django.utils import timezone
from django.utils.module_loading import import_string

from sitechat import exchange, prices, primary
from sitechat.chatbot import Chatbot
from sitechat.conf import conf
from sitechat.errors import Interrupted
from sitechat.ledger import get_ledger
from sitechat.models import Message, MessageQuerySet, Role, Status, Usage
from sitechat.reply import Reply
from sitechat.signals import reply_finished

if TYPE_CHECKING:
    from sitechat.driver import LiveReply

T = TypeVar("T")


def step(work: Callable[[], T]) -> T:
    """Do the work on a thread that owns no connection before or after."""
    close_old_connections()
    try:
        return work()
    finally:
        release_connections()


def release_connections() -> None:
    """Close this thread's database connections, but for one that a transaction is open on."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def finish(live: LiveReply) -> None:
    """Save how the reply ended and settle what it used. A second call does nothing.

    The row of a forgotten conversation is gone: then only the usage is kept.
    """
    ending = live.ending
    assert ending is not None  # noqa: S101 - the engine calls it with the end of a reply
    reply = live.reply
    ended: dict[str, Any] = {
        "text": reply.text,
        "sources": reply.sources,
        "citations": reply.citations,
        "status": ending.status,
        "error": ending.error.stored() if ending.error else None,
        "running_in": None,
        "slot": None,
        "stop_at": None,
        "reserved": None,
        "updated": timezone.now(),
    }
    with primary.atomic():
        rows = Message.objects.filter(pk=live.id, reserved__isnull=False)
        settles = rows.filter(status=Status.RUNNING).update(**ended)
        if not settles and (settles := rows.update(**ended)):
            # Somebody took it for interrupted, and booked what was reserved.
            Usage.objects.filter(reply_id=live.id).delete()
        if not settles and Message.objects.filter(pk=live.id).exists():
            return
        usage = _usage(live)
        if settles:
            usage.conversation_id, usage.reply_id = live.conversation_id, live.id
        usage.save(force_insert=True)
        settle(live.reserved, usage, known=live.usage_known)
    bot = type(live.bot)
    if reply_finished.has_listeners(bot):
        row = _row(live, ended) if settles else None
        reply_finished.send_robust(sender=bot, reply=row, usage=usage)


def _row(live: LiveReply, ended: dict[str, Any]) -> Message:
    """The reply as it was saved. What is not known here is loaded when a receiver reads it."""
    known = {
        "id": live.id,
        "conversation_id": live.conversation_id,
        "role": Role.ASSISTANT,
        **ended,
    }
    known["running_in_id"] = known.pop("running_in")
    names = [field.attname for field in Message._meta.concrete_fields if field.attname in known]
    return Message.from_db(primary.alias(), names, [known[name] for name in names])


def extend(live: LiveReply, request: exchange.Request) -> None:
    """Reserve one more call of Claude for the reply; raises what the limits refuse."""
    held, more = live.reserved, request.worst_case()
    claims = get_ledger().extend(
        held["claims"],
        live.visitor,
        tokens=more["input_tokens"] + more["output_tokens"],
        dollars=Decimal(more["dollars"]),
    )
    live.reserved = {
        "claims": claims,
        "model": held["model"],
        "input_tokens": held["input_tokens"] + more["input_tokens"],
        "output_tokens": held["output_tokens"] + more["output_tokens"],
        "dollars": str(Decimal(held["dollars"]) + Decimal(more["dollars"])),
    }
    Message.objects.filter(pk=live.id, status=Status.RUNNING).update(reserved=live.reserved)


def record(live: LiveReply) -> Usage:
    """Keep what a reply used that has no row, because no visitor asked for it."""
    usage = _usage(live)
    usage.save()
    return usage


def _usage(live: LiveReply) -> Usage:
    assert live.ending is not None  # noqa: S101
    model = live.request.model
    usage = Usage(
        bot=live.bot.name,
        model=model,
        status=live.ending.status,
        stop_reason=live.stop_reason,
        request_id=live.request_id,
        total_ms=round((monotonic() - live.began) * 1000),
        estimated=not (live.usage_known and live.usage_exact),
        **vars(live.usage),
    )
    if live.first_token is not None:
        usage.first_token_ms = round((live.first_token - live.began) * 1000)
    if live.usage_known:
        usage.dollars = prices.cost(model, **vars(live.usage))
    else:
        usage.dollars = Decimal(live.reserved["dollars"])
        usage.input_tokens = max(usage.input_tokens, live.reserved["input_tokens"])
    return usage


def settle(reserved: dict[str, Any], usage: Usage, *, known: bool) -> None:
    """Book what was used in the place of what was reserved."""
    if known:
        tokens = (
            usage.input_tokens
            + usage.output_tokens
            + usage.cache_read_tokens
            + usage.cache_write_tokens
        )
        get_ledger().settle(reserved["claims"], tokens=tokens, dollars=usage.dollars)


def interrupt_stale(replies: MessageQuerySet) -> int:
    """Mark those of the replies whose process is gone as interrupted; returns how many.

    What they had is kept. Their reservations stay booked: nobody knows what they used.
    """
    return sum(_interrupt(row) for row in replies.stale().select_related("conversation"))


def _interrupt(row: Message) -> bool:
    reserved = row.reserved or {}
    stopped = row.stop_at is not None
    reply = Reply.from_row(row, "")
    reply.close(row.stop_at)
    with primary.atomic():
        found: bool = bool(
            Message.objects.filter(pk=row.pk, status=Status.RUNNING, updated=row.updated).update(
                text=reply.text,
                sources=reply.sources,
                citations=reply.citations,
                status=Status.STOPPED if stopped else Status.INTERRUPTED,
                error=None if stopped else Interrupted().stored(),
                running_in=None,
                slot=None,
                updated=timezone.now(),
            )
        )
        if not found:
            return False
        usage = Usage.objects.create(
            reply=row,
            conversation_id=row.conversation_id,
            bot=row.conversation.bot,
            model=reserved.get("model", ""),
            input_tokens=reserved.get("input_tokens", 0),
            output_tokens=reserved.get("output_tokens", 0),
            dollars=Decimal(reserved.get("dollars", 0)),
            estimated=True,
            status=Status.INTERRUPTED,
        )
    row.refresh_from_db()
    reply_finished.send_robust(sender=_bot_class(row.conversation.bot), reply=row, usage=usage)
    return True


def _bot_class(name: str) -> type[Chatbot]:
    try:
        bot: type[Chatbot] = import_string(conf.CHAT_BOTS[name])
    except (KeyError, ImportError):
        return Chatbot  # it was one that the site no longer has
    return bot
