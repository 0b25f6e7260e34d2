"""Find, follow, stop and rate the visitor's replies.

A visitor gets the same response for another visitor's reply as for a reply that does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep

from django.utils import timezone

from sitechat import engine
from sitechat.conversations.visit import Visit
from sitechat.engine import lost_replies
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply import Reply
from sitechat.errors import NotFound
from sitechat.events import announce
from sitechat.knowledge.searching import visible_urls
from sitechat.models import IN_CHAT, Job, Message, Status, Unanswered
from sitechat.models.ids import parse_uuid
from sitechat.payloads.messages import CitedPage
from sitechat.runtime import database

STOP_AT_END = 2**31 - 1
"""The value of `stop_at` that keeps the whole text, if the request does not limit it."""

STOP_POLL_INTERVAL = 0.1
"""Seconds between two reads of a reply that another process must stop."""


@dataclass(frozen=True)
class ReplyHandle:
    """A reply that a reader can follow: live in this process, or read from its row."""

    reply: Reply
    live: LiveReply | None = None


def drop_lost_links(visit: Visit, sources: Sequence[CitedPage]) -> None:
    """Empty the addresses of cited pages that were deleted or that the visitor may not see now."""
    available = visible_urls(
        {source["url"] for source in sources}, user=visit.user, prefix=visit.prefix
    )
    for source in sources:
        if source["url"] not in available:
            source["url"] = ""


def find_reply(visit: Visit, reply_id: str, bot: str | None = None) -> Message:
    """Return one of the visitor's replies.

    Args:
        visit: The visitor.
        reply_id: The reply's id, as text from outside.
        bot: The name of the bot that must have written it; None for any bot.

    Raises:
        NotFound: There is no such reply, or it belongs to another visitor or another bot.
    """
    pk = parse_uuid(reply_id)
    if pk is None or (visit.held.session_key is None and not visit.held.all_likely_ids()):
        raise NotFound
    row = Message.objects.replies().filter(pk=pk).select_related("conversation").first()
    if row is None or not visit.may_see(row.conversation):
        raise NotFound
    if bot is not None and row.conversation.bot != bot:
        raise NotFound
    return row


def snapshot(visit: Visit, row: Message) -> Reply:
    """Return the current state of a reply. Its `message_id` is "" if it does not run here.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    live = engine.find(row.pk)
    return live.reply if live is not None else _from_row(visit, row, "")


def follow(visit: Visit, row: Message, message_id: uuid.UUID | None = None) -> ReplyHandle:
    """Return a reply for a reader, live if it runs in this process.

    Args:
        visit: The visitor.
        row: The row of the reply.
        message_id: The public id of the message that it answers; None to read it.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    live = engine.find(row.pk)
    if live is not None:
        return ReplyHandle(live.reply, live)
    if message_id is None:
        message_id = question_id(row)
    return ReplyHandle(_from_row(visit, row, str(message_id)))


def question_id(row: Message) -> uuid.UUID:
    """Return the public id of the message that a reply answers.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    questions = Message.objects.filter(conversation=row.conversation_id, position=row.position - 1)
    question = questions.first()
    if question is None:
        raise NotFound
    return question.public_id


def refreshed(row: Message) -> Message:
    """Read the current values of a reply into its row, and return the row.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    try:
        row.refresh_from_db()
    except Message.DoesNotExist:
        raise NotFound from None
    return row


def _from_row(visit: Visit, row: Message, message_id: str) -> Reply:
    row = end_if_lost(row)
    drop_lost_links(visit, row.sources)
    return Reply.from_row(row, message_id)


def end_if_lost(row: Message) -> Message:
    """End a reply if its process has died, and return its current row.

    The row must have just been read. It is read again only if the reply was ended.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    if lost_replies.may_be_lost(row) and lost_replies.end_lost(Message.objects.filter(pk=row.pk)):
        return refreshed(row)
    return row


def stop(row: Message, at: int | None) -> None:
    """Stop a reply in any process, and wait until it is saved, at most STOP_WITHIN seconds.

    A reply that has ended stays as it is.

    Args:
        row: The reply.
        at: Maximum number of characters to keep; None for all.
    """
    if row.status != Status.RUNNING or engine.stop(row.pk, at):
        return
    running = Message.objects.filter(pk=row.pk, status=Status.RUNNING)
    running.filter(stop_at=None).update(stop_at=STOP_AT_END if at is None else min(at, STOP_AT_END))
    deadline = monotonic() + engine.STOP_WITHIN
    while running.exists() and monotonic() < deadline:
        sleep(STOP_POLL_INTERVAL)


def rate(row: Message, rating: int, comment: str | None) -> None:
    """Store a visitor's rating of a reply, and announce it to the site.

    Ratings in the conversations of commands are not announced.

    Args:
        row: The reply.
        rating: 1, 0 or -1.
        comment: The new comment; None to keep the stored one.
    """
    row.rating = rating
    given = {} if comment is None else {"comment": comment}
    database.retry(partial(_store_rating, row, given))


def _store_rating(row: Message, given: dict[str, str]) -> None:
    """Store the rating and announce it, in one transaction."""
    with database.atomic():
        rows = Message.objects.filter(pk=row.pk)
        changed = rows.update(rating=row.rating, **given)
        # A concurrent rating may have another comment.
        row.comment = rows.values_list("comment", flat=True).first() or ""
        Unanswered.objects.filter(reply=row.pk).update(rating=row.rating)
        if row.rating < 0:
            Job.record(Job.RATED, timezone.now())
        if changed and row.conversation.command in IN_CHAT:
            announce(
                "reply_rated",
                sender=Message,
                data={
                    "reply": str(row.pk),
                    "conversation": str(row.conversation_id),
                    "bot": row.conversation.bot,
                    "rating": row.rating,
                    "comment": row.comment,
                },
                conversation_id=row.conversation_id,
                reply=row,
            )
