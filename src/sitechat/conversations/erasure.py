"""Delete conversations, even while a reply or a message is being written in them.

All transactions lock in the same order: the conversation, its messages, their usage, the counts of
the limits. Other conflicts, such as with a checkpoint of many replies, are retried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from sitechat import engine
from sitechat.engine import lost_replies
from sitechat.models import Conversation, ConversationQuerySet, Message, Status
from sitechat.runtime import database

BATCH = 100
"""Maximum conversations that one transaction deletes. It locks their rows (on SQLite: the whole
database) for a few tenths of a second."""


def erase(conversations: ConversationQuerySet) -> dict[str, int]:
    """Delete the conversations with all their messages, and stop replies that run in them.

    `Usage` rows stay, without their links to the conversations and replies.

    Args:
        conversations: The conversations to delete. The query is run again after they are locked. A
            conversation that it no longer returns is kept.

    Returns:
        The number of deleted rows of each model, by its label.
    """
    inside = database.in_transaction()
    if inside:
        # On SQLite, a transaction that begins with a read can fail at its first write.
        conversations.update(bot=F("bot"))
    ids = list(conversations.order_by("pk").values_list("pk", flat=True))
    counts: Counter[str] = Counter()
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        counts.update(_erase_batch(conversations, batch, inside=inside))
    return dict(counts)


def _erase_batch(
    conversations: ConversationQuerySet, batch: Sequence[UUID], *, inside: bool
) -> dict[str, int]:
    """Stop the running replies of a batch and delete it.

    Returns:
        The number of deleted rows of each model, by its label.
    """
    if not inside:
        # End the replies before their rows are deleted, so that they are saved and settled first.
        replies = Message.objects.filter(conversation__in=batch, status=Status.RUNNING)
        lost_replies.end_silent(replies)
        for pk in replies.values_list("pk", flat=True):
            engine.stop(pk, 0)
    delete = partial(_delete, conversations, batch)
    # A row that another transaction inserts without the lock causes an IntegrityError.
    erased, counts = database.retry(delete, also=(IntegrityError,))
    # A reply may have started in the meantime. Its process stops it when its row is gone.
    transaction.on_commit(partial(engine.end_in_conversations, erased), using=database.alias())
    return counts


def _delete(
    conversations: ConversationQuerySet, batch: Sequence[UUID]
) -> tuple[set[UUID], dict[str, int]]:
    """Delete the conversations of the batch that the query still returns, in one transaction.

    Returns:
        The ids of the deleted conversations, and the number of deleted rows of each model.
    """
    locked = Conversation.objects.filter(pk__in=batch)
    with database.atomic():
        if database.locks_rows():
            database.lock(locked)
        else:
            locked.update(bot=F("bot"))
        ids = set(conversations.filter(pk__in=batch).values_list("pk", flat=True))
        database.lock(Message.objects.filter(conversation__in=ids))
        counts = Conversation.objects.filter(pk__in=ids).delete()[1]
    return ids, counts


def erase_for_user(user: Any, using: str) -> None:
    """Erase a user's conversations, including those that begin while Django deletes the user.

    Args:
        user: The user.
        using: The alias of the database from which Django deletes the user.
    """
    theirs = Conversation.objects.filter(user=user.pk)
    erase(theirs)
    # A message that was being written may have started a new conversation.
    transaction.on_commit(partial(erase, theirs), using=using, robust=True)
