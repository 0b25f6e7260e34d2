"""The visitor's conversation and replies: found, followed, stopped, forgotten.

What is not the visitor's is not found, and the answer is the same as for what does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sitechat import bookkeeping, engine, primary, sessions
from sitechat.driver import LiveReply
from sitechat.errors import NotFound
from sitechat.knowledge.searching import existing
from sitechat.models import Conversation, ConversationQuerySet, Message, Status
from sitechat.parsing import parse_uuid
from sitechat.reply import Reply, Source
from sitechat.visitors import current_user

if TYPE_CHECKING:
    from django.http import HttpRequest

EVERYTHING = 2**31 - 1
"""The `stop_at` of a visitor who did not say how much was shown."""

LONGEST_HISTORY = 500
"""Messages that a visitor is shown of a conversation: 250 questions with their answers."""

LOOK_AGAIN = 0.1
"""Seconds between two looks at a reply that another process is to stop."""


@dataclass(frozen=True)
class Followed:
    """A reply that a reader can follow: live in this process, or known from its row."""

    reply: Reply
    live: LiveReply | None = None


def find_conversation(request: HttpRequest, bot: str) -> Conversation | None:
    """The visitor's conversation with a bot; None where there is none, or it is not theirs."""
    known = sessions.likely_conversation_id(request, bot)
    if known is None:
        return None
    return Conversation.objects.owned_by(current_user(request)).filter(pk=known).first()


def history(request: HttpRequest, conversation: Conversation) -> list[dict[str, Any]]:
    """The conversation's newest messages as `GET chat/` shows them, the oldest of them first."""
    newest = conversation.messages.order_by("-position")[:LONGEST_HISTORY]
    messages = [renewed(row).as_dict() for row in reversed(newest)]
    sources = [source for message in messages for source in message["sources"]]
    _drop_lost_links(request, sources)
    return messages


def _drop_lost_links(request: HttpRequest, sources: Sequence[Source]) -> None:
    """A cited page may be gone by now, or for others: its title stays, its address goes."""
    there = existing({source["url"] for source in sources}, user=current_user(request))
    for source in sources:
        if source["url"] not in there:
            source["url"] = ""


def find_reply(request: HttpRequest, reply_id: str, bot: str | None = None) -> Message:
    """The visitor's reply of that id, to a bot where one is given.

    Raises NotFound for anything else, always the same.
    """
    pk = parse_uuid(reply_id)
    if bot is None:
        held = sessions.likely_conversation_ids(request)
    else:
        known = sessions.likely_conversation_id(request, bot)
        held = [known] if known else []
    if pk is None or not held:
        raise NotFound
    theirs = Conversation.objects.owned_by(current_user(request)).filter(pk__in=held)
    row = Message.objects.replies().filter(pk=pk, conversation__in=theirs).first()
    if row is None:
        raise NotFound
    return row


def present(request: HttpRequest, row: Message) -> Reply:
    """The visitor's reply as it is now, for those who only look at it."""
    live = engine.find(row.pk)
    return live.reply if live is not None else _from_row(request, row, "")


def followed(request: HttpRequest, row: Message, message_id: uuid.UUID | None = None) -> Followed:
    """The visitor's reply, live where it runs here, for those who follow it."""
    live = engine.find(row.pk)
    if live is not None:
        return Followed(live.reply, live)
    if message_id is None:
        message = Message.objects.get(conversation=row.conversation_id, position=row.position - 1)
        message_id = message.public_id
    return Followed(_from_row(request, row, str(message_id)))


def _from_row(request: HttpRequest, row: Message, message_id: str) -> Reply:
    row = renewed(row)
    _drop_lost_links(request, row.sources)
    return Reply.from_row(row, message_id)


def renewed(row: Message) -> Message:
    """The row; where it says running and its process is gone, it is interrupted first."""
    if row.status == Status.RUNNING and bookkeeping.interrupt_stale(
        Message.objects.filter(pk=row.pk)
    ):
        row.refresh_from_db()
    return row


def reload(reply: Reply) -> Reply | None:
    """The reply of another process as its row is now; None once it was forgotten.

    It has just been written, so its links are as they were found.
    """
    row = Message.objects.filter(pk=reply.id).first()
    return Reply.from_row(renewed(row), reply.message_id) if row else None


def stop(row: Message, at: int | None) -> None:
    """Stop the reply wherever it runs; the process that runs it keeps what the visitor saw.

    Returns once that is saved, or after two seconds.
    """
    if row.status != Status.RUNNING or engine.stop(row.pk, at):
        return
    running = Message.objects.filter(pk=row.pk, status=Status.RUNNING)
    running.filter(stop_at=None).update(stop_at=EVERYTHING if at is None else min(at, EVERYTHING))
    deadline = monotonic() + engine.STOP_WITHIN
    while running.exists() and monotonic() < deadline:
        sleep(LOOK_AGAIN)


def forget(request: HttpRequest, bot: str) -> None:
    """Delete the visitor's conversation with a bot, and stop a reply that runs in it."""
    conversation = find_conversation(request, bot)
    if conversation is not None:
        erase(Conversation.objects.filter(pk=conversation.pk))
    sessions.forget(request, bot)


def erase(conversations: ConversationQuerySet) -> dict[str, int]:
    """Delete the conversations with all their messages, and stop replies that run in them.

    Returns how many rows of each model there were, by label. `Usage` stays, without its links.
    """
    with primary.atomic():
        # A write comes first: SQLite lets only those wait for other writers.
        conversations.update(updated=timezone.now())
        ids = list(conversations.values_list("pk", flat=True))
        within = Message.objects.filter(conversation__in=ids)
        running = list(within.filter(status=Status.RUNNING).values_list("pk", flat=True))
        counts = Conversation.objects.filter(pk__in=ids).delete()[1]
    for pk in running:
        engine.stop(pk, 0)
    return counts
