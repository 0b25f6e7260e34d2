"""Detect and end running replies whose process has died.

If a process ends in an orderly way, `shutdown` ends its replies. This module is for processes that
were killed. A process updates the rows of its replies twice a second, and never considers its own
replies lost. If a row was not updated for CHAT_STALE_AFTER, its process may be dead. On the same
machine, this can be verified.

A reply of another machine is checked twice. The first check records a suspicion in the row, which
the next checkpoint of a live process removes. Only a suspicion that stays for a while ends the
reply. So after an outage of the database, every process has time to show that it is alive.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from time import sleep

from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from sitechat.chatbot import Chatbot
from sitechat.conf import conf
from sitechat.engine import running_replies, settlement, tool_rows
from sitechat.engine.reply import Reply
from sitechat.engine.reply_costs import from_row
from sitechat.errors import Interrupted
from sitechat.models import Message, MessageQuerySet, Status, Usage
from sitechat.runtime import database
from sitechat.runtime.process_identity import has_ended, identity
from sitechat.signals import reply_finished

SUSPICION_DIVISOR = 3
"""A suspicion must stay for CHAT_STALE_AFTER divided by this number."""


def stale_after() -> timedelta:
    """Return the time without an update after which a process may be dead."""
    return timedelta(seconds=conf.CHAT_STALE_AFTER)


def may_be_lost(row: Message) -> bool:
    """Return whether `end_lost` has anything to do for a row that was just read."""
    silent_since = timezone.now() - (stale_after() - _suspicion_time())
    return row.status == Status.RUNNING and row.updated < silent_since


def silent(replies: MessageQuerySet) -> MessageQuerySet:
    """Return the running replies of other processes that were not updated for CHAT_STALE_AFTER."""
    return _silent_for(replies, stale_after())


def end_lost(replies: MessageQuerySet) -> int:
    """End the replies of dead processes. If a process may be dead, record a suspicion.

    Their text so far is kept. Their usage is unknown, so the maximum cost of all requests sent to
    Claude is booked.

    Returns:
        The number of ended replies.
    """
    suspicion_time = _suspicion_time()
    ended = 0
    silent_replies = _silent_for(replies, stale_after() - suspicion_time)
    for row in silent_replies.select_related("conversation"):
        now = timezone.now()
        is_stale = row.updated <= now - stale_after()
        if not _may_be_alive(row):
            ended += is_stale and _end(row)
        elif row.suspected is None or row.suspected < row.updated:
            _if_unchanged(row).update(suspected=now)
        elif is_stale and row.suspected <= now - suspicion_time:
            ended += _end(row)
    return ended


def end_lost_and_wait(replies: MessageQuerySet) -> int:
    """End lost replies. If replies are still silent, wait for the suspicion time and end them too.

    A reply goes on if its process has shown in the meantime that it is alive.

    Returns:
        The number of ended replies.
    """
    ended = end_lost(replies)
    if silent(replies).exists():
        sleep(stale_after().total_seconds() / SUSPICION_DIVISOR)
        ended += end_lost(replies)
    return ended


def end_silent(replies: MessageQuerySet) -> int:
    """End silent replies without a second check, because their conversations are being deleted.

    Returns:
        The number of ended replies.
    """
    return sum(_end(row) for row in silent(replies).select_related("conversation"))


def _suspicion_time() -> timedelta:
    """Return how long a suspicion must stay in the row before the reply is ended."""
    return stale_after() / SUSPICION_DIVISOR


def _may_be_alive(row: Message) -> bool:
    """Return whether another process may still run the reply.

    This process does not run it, because the caller has excluded its running replies. A row without
    a process was written by an earlier version, which needed only one check.
    """
    return row.process not in (None, identity()) and not has_ended(row.process)


def _silent_for(replies: MessageQuerySet, time: timedelta) -> MessageQuerySet:
    """Return the running replies of other processes that were not updated for this time."""
    silent = Q(status=Status.RUNNING, updated__lt=timezone.now() - time)
    own = running_replies.live_ids()
    return replies.filter(silent).exclude(pk__in=own) if own else replies.filter(silent)


def _if_unchanged(row: Message) -> MessageQuerySet:
    """Return a queryset of the row; it is empty if the row has changed since it was read."""
    return Message.objects.filter(
        pk=row.pk, status=Status.RUNNING, updated=row.updated, suspected=row.suspected
    )


def _end(row: Message) -> bool:
    """End a reply and send the signal; return False if the row has changed since it was read."""
    usage = database.retry(partial(_settle, row))
    if usage is None:
        return False
    conversation = row.conversation
    try:
        row.refresh_from_db()
    except Message.DoesNotExist:  # its conversation was deleted right after
        return True
    row.conversation = conversation  # which `refresh_from_db` has forgotten
    reply_finished.send_robust(sender=_bot_class(conversation.bot), reply=row, usage=usage)
    return True


def _settle(row: Message) -> Usage | None:
    """Save the end of a reply and book its maximum cost.

    Returns:
        The booked usage; None if the row has changed since it was read, because its process lives
        or another process has ended it.
    """
    reserved, booked = from_row(row.reserved)
    stopped = row.stop_at is not None
    status = Status.STOPPED if stopped else Status.INTERRUPTED
    reply = Reply.from_row(row, "")
    reply.close(row.stop_at)
    with database.atomic():
        settlement.lock_conversation(row.conversation_id)
        if not _if_unchanged(row).update(
            text=reply.text,
            sources=reply.sources,
            citations=reply.citations,
            status=status,
            error=None if stopped else Interrupted().stored(),
            running_in=None,
            slot=None,
            process=None,
            updated=timezone.now(),
        ):
            return None
        if tool_rows.end_calls(row) and not stopped:
            error = Interrupted(retryable=False).stored()
            Message.objects.filter(pk=row.pk).update(error=error)
        usage = Usage(
            reply=row,
            conversation_id=row.conversation_id,
            command=row.conversation.command,
            bot=row.conversation.bot,
            model=reserved["model"],
            input_tokens=booked.usage.input_tokens,
            output_tokens=booked.usage.output_tokens,
            dollars=booked.dollars,
            estimated=True,
            status=status,
        )
        usage = usage.added_to(Usage.objects.filter(reply=row).first())
        usage.save()
        settlement.settle_claims(reserved["claims"], tokens=booked.tokens, dollars=booked.dollars)
        settlement.report_end(usage)
    return usage


def _bot_class(name: str) -> type[Chatbot]:
    """Return the class of a bot, the sender of the signal; `Chatbot` if the bot was removed."""
    try:
        bot: type[Chatbot] = import_string(conf.CHAT_BOTS[name])
    except (KeyError, ImportError):
        return Chatbot
    return bot
