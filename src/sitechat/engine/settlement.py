"""Save the end of replies and book their usage, in short database steps that run on threads.

To settle a reply is to book its actual usage in place of its reservation. Each reply is settled
once: by the step that removes the reservation (`Message.reserved`) from its row. `lost_replies`
settles replies of dead processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from django.db import DataError, IntegrityError
from django.utils import timezone

from sitechat.engine import tool_rows
from sitechat.engine.help_offer import offer_help
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.engine.reply_costs import Spending, from_row
from sitechat.errors import Interrupted
from sitechat.events import queue_webhooks, wake_sometimes
from sitechat.ledger import get_ledger
from sitechat.ledger.claims import Reservation
from sitechat.models import IN_CHAT, Conversation, Message, MessageQuerySet, Role, Status, Usage
from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger
from sitechat.signals import reply_finished

logger = get_logger("sitechat.engine")

T = TypeVar("T")

REJECTED = (DataError, IntegrityError, TypeError, ValueError, ArithmeticError)
"""Exceptions for values that the database will never accept."""

PLAIN_AFTER = 3
"""The number of rejected saves after which a reply is saved without citations, and without what
Claude reported about it."""

EMPTY_AFTER = 5
"""The number of rejected saves after which a reply is saved without its text too."""

GIVEN_UP_AFTER = 7
"""The number of rejected saves after which a reply is not saved. `lost_replies` later ends its row
as interrupted."""

MAX_DOLLARS = Decimal("999999")
"""The largest amount that a row of usage can hold."""


def finish(live: LiveReply) -> None:
    """Save the end of the reply and settle its usage. A second call changes nothing.

    If the database has rejected the row several times, parts of it are left out (see PLAIN_AFTER
    and EMPTY_AFTER). If the conversation was deleted, only the usage is saved. Errors of the
    database are raised. The caller counts REJECTED errors in `LiveReply.rejected_saves`. At the
    end, the signal is sent, and the threads that send webhooks and mails are woken.
    """
    ending = live.ending
    assert ending is not None  # noqa: S101 - the engine has set it before this call
    live.end_reserving()
    reply, error = live.reply, ending.error
    if ending.asked is None:
        offer_help(reply, ending.status)
    plain = live.rejected_saves >= PLAIN_AFTER
    ended: dict[str, Any] = {
        "text": reply.text if live.rejected_saves < EMPTY_AFTER else "",
        "sources": [] if plain else reply.sources,
        "citations": [] if plain else reply.citations,
        "status": ending.status,
        "did_not_know": reply.did_not_know or None,
        "offer": reply.offer or None,
        "error": error.stored() if error else None,
        "failure": asdict(error.failure) if error and error.failure and not plain else None,
        "running_in": None,
        "slot": None,
        "stop_at": None,
        "suspected": None,
        "process": None,
        "reserved": None,
        "updated": timezone.now(),
    }
    asked = ending.asked if live.conversation_id is not None and not plain else None
    if asked is not None:
        live.question = live.question or tool_rows.question_row(asked)
        ended["confirm"] = live.question
    usage = None
    for attempt in database.attempts():
        with attempt:
            usage = _settle_end(live, ended, plain=plain)
    if asked is not None:
        ended["confirm"] = live.question
    bot = type(live.bot)
    if usage is not None and reply_finished.has_listeners(bot):
        row = _row(live, ended) if usage.reply_id is not None else None
        reply_finished.send_robust(sender=bot, reply=row, usage=usage)
    wake_sometimes()


def _settle_end(live: LiveReply, ended: dict[str, Any], *, plain: bool) -> Usage | None:
    """Save the end of a reply and its usage in one transaction.

    The conversation is locked first, so that it can't be deleted in the meantime. Deletions lock in
    the same order. Then the first of these cases applies:

    1. The reply is running: save its end, and book its usage.
    2. Another process has ended it, and booked its maximum cost: take this back, then as in 1.
    3. Its row exists, but was settled before: change nothing, and return None.
    4. It has no row, for instance because its conversation was deleted: only book the usage.

    Returns:
        The booked usage; None in case 3.
    """
    live.question = ended.get("confirm")  # an attempt that was rolled back may have removed it
    with database.atomic():
        if live.conversation_id is not None:
            lock_conversation(live.conversation_id)
        if live.continuation is not None and tool_rows.end_calls(live.id):
            ended = {**ended, **_with_unknown_outcome(live)}
        rows = Message.objects.filter(pk=live.id, reserved__isnull=False)
        settles = rows.filter(status=Status.RUNNING).update(**ended) or _take_back(rows, ended)
        if not settles and Message.objects.filter(pk=live.id).exists():
            return None
        spent = from_row(live.reserved)[1] if plain else live.spent
        usage = _usage(live, spent)
        dollars = usage.dollars
        if not plain:
            _add_reported(usage, live, spent)
        if settles:
            usage.conversation_id, usage.reply_id = live.conversation_id, live.id
            if live.continuation is not None:
                usage = usage.added_to(Usage.objects.filter(reply_id=live.id).first())
            tool_rows.store_calls(live)
            if "confirm" in ended:
                tool_rows.store_question(live)
        usage.save(force_insert=usage.pk is None)
        settle_claims(live.reserved["claims"], tokens=spent.tokens, dollars=dollars)
        if settles:
            report_end(usage)
    return usage


def store_tool_uses(live: LiveReply) -> None:
    """Store the tool calls of a round, unless the conversation was deleted or does not exist."""
    conversation_id = live.conversation_id
    if conversation_id is None or not live.tool_uses:
        return

    def write() -> None:
        with database.atomic():
            lock_conversation(conversation_id)
            if Message.objects.filter(pk=live.id).exists():
                tool_rows.store_calls(live)

    database.retry(write)
    live.tool_uses = []


def _with_unknown_outcome(live: LiveReply) -> dict[str, Any]:
    """Return the changed columns of a reply that was interrupted while a confirmed tool ran.

    The tool may have done its work, so the visitor must not be invited to try again. If the reply
    has ended for another reason, no columns change.
    """
    ending = live.ending
    if ending is None or not isinstance(ending.error, Interrupted):
        return {}
    live.ending = Ending(ending.status, Interrupted(retryable=False))
    return {"error": Interrupted(retryable=False).stored()}


def report_end(usage: Usage) -> None:
    """Report a reply that has ended to webhooks, in the transaction that saves it.

    Replies to commands are not reported.
    """
    if usage.command in IN_CHAT:
        queue_webhooks(
            "reply_finished",
            {
                "reply": str(usage.reply_id),
                "conversation": str(usage.conversation_id),
                "bot": usage.bot,
                "model": usage.model,
                "status": str(usage.status),
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "dollars": str(usage.dollars),
                "total_ms": usage.total_ms,
            },
            conversation_id=usage.conversation_id,
        )


def lock_conversation(pk: UUID) -> None:
    """Lock a conversation until the transaction ends. Lock messages and usage only after it."""
    database.lock_row(Conversation, pk)


def _row(live: LiveReply, ended: dict[str, Any]) -> Message:
    """Return the saved reply without a query. Django loads its other fields when they are read."""
    known = {
        "id": live.id,
        "conversation_id": live.conversation_id,
        "role": Role.ASSISTANT,
        **ended,
    }
    known["running_in_id"] = known.pop("running_in")
    names = [field.attname for field in Message._meta.concrete_fields if field.attname in known]
    return Message.from_db(database.alias(), names, [known[name] for name in names])


def save_usage(live: LiveReply) -> Usage:
    """Save and return the usage of a command's reply, which has no row of its own.

    If the save fails in a transaction of the caller, that transaction can still be used.
    """
    spent = live.spent
    usage = _usage(live, spent)
    _add_reported(usage, live, spent)
    with database.atomic():
        usage.save()
    return usage


def _add_reported(usage: Usage, live: LiveReply, spent: Spending) -> None:
    """Add the values that Claude reported about the answer."""
    usage.model = live.model
    usage.by_model = spent.by_model()
    usage.refusal_category = live.refusal_category or None
    usage.stop_reason, usage.request_id = live.stop_reason, live.request_id


def _usage(live: LiveReply, spent: Spending) -> Usage:
    """Return a row with the usage of a reply that has ended, without what Claude reported."""
    assert live.ending is not None  # noqa: S101
    usage = Usage(
        command=live.command,
        bot=live.bot.name,
        model=live.request.model,
        status=live.ending.status,
        total_ms=round((monotonic() - live.started_at) * 1000),
        estimated=not spent.exact,
        dollars=min(spent.dollars, MAX_DOLLARS),
        **vars(spent.usage),
    )
    if live.first_token is not None:
        usage.first_token_ms = round((live.first_token - live.started_at) * 1000)
    return usage


def settle_claims(claims: Reservation | None, *, tokens: int, dollars: Decimal) -> None:
    """Replace a reservation by the actual usage, in the transaction or right after its commit.

    Do nothing without a reservation.
    """
    if claims:
        _change_ledger(partial(get_ledger().settle, claims, tokens=tokens, dollars=dollars))


def _change_ledger(change: Callable[[], None]) -> None:
    """Change the ledger's counts once, although the transaction may be retried.

    A ledger outside of this database is changed after the commit. If it does not answer then, the
    amount stays reserved until the end of its window.
    """

    def change_or_log() -> None:
        try:
            change()
        except Exception:
            logger.exception("The ledger does not answer, so a reply stays reserved in its limits")

    if get_ledger().counts_in(database.alias()):
        change()
    else:
        database.after_commit(change_or_log)


def _take_back(rows: MessageQuerySet, ended: dict[str, Any]) -> int:
    """Save the end of a reply that another process has ended and booked at its maximum cost.

    Returns:
        The number of updated rows: 1, or 0 if the reply was settled before.
    """
    row = rows.only("reserved").first()
    if row is None or not rows.update(**ended):
        return 0
    reserved, booked = from_row(row.reserved)
    for usage in Usage.objects.filter(reply_id=row.pk):
        usage.take_back(booked.usage.input_tokens, booked.usage.output_tokens, booked.dollars)
    claims, tokens, dollars = reserved["claims"] or [], booked.tokens, booked.dollars
    _change_ledger(partial(get_ledger().reopen, claims, tokens=tokens, dollars=dollars))
    return 1
