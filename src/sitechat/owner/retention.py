"""What the chat forgets by itself: conversations after `CHAT_RETENTION_DAYS`, and dead weight."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from sitechat import bookkeeping, primary
from sitechat.conf import conf
from sitechat.ledger import get_ledger
from sitechat.models import Conversation, ConversationQuerySet, Message
from sitechat.owner import review, summaries
from sitechat.owner.models import Job

JOB = "cleanup"

BATCH = 100
"""Conversations that one transaction deletes. It holds their rows, and SQLite's whole database,
for some tenths of a second."""


CENTURY = 36_500
"""Days. To keep conversations for longer is to keep them for good: no date need go back so far."""


@dataclass
class Cleaned:
    """What a cleanup did, or would do."""

    conversations: int = 0
    messages: int = 0
    interrupted: int = 0
    counters: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def outdated(days: int, now: datetime | None = None) -> ConversationQuerySet:
    """Conversations in which nothing was said for so many days, and no reply is running."""
    if days < 1:
        raise ValueError("Conversations are kept for at least 1 day.")
    cutoff = (now or timezone.now()) - timedelta(days=min(days, CENTURY))
    return Conversation.objects.filter(updated__lt=cutoff, running=None)


def cleanup(days: int | None = None, *, dry_run: bool = False) -> Cleaned:
    """Forget what is older than `days` (CHAT_RETENTION_DAYS); safe while the site runs.

    Also ends replies whose process is gone, deletes the ledger's counts of windows that have
    ended, and brings the summaries and the list of unanswered questions up to date. What was
    used and paid stays in `Usage`, without its link. Raises ValueError for less than 1 day.
    """
    old = outdated(conf.CHAT_RETENTION_DAYS if days is None else days)
    if dry_run:
        return Cleaned(
            conversations=old.count(),
            messages=Message.objects.filter(conversation__in=old.values("pk")).count(),
            interrupted=Message.objects.replies().stale().count(),
        )
    cleaned = Cleaned(interrupted=bookkeeping.interrupt_stale(Message.objects.replies()))
    review.catch_up()
    summaries.sum_again()
    while ids := list(old.order_by("updated").values_list("pk", flat=True)[:BATCH]):
        counts = _delete(old.filter(pk__in=ids))
        if not counts:
            break  # what is left was written in meanwhile
        cleaned.conversations += counts.get(Conversation._meta.label, 0)
        cleaned.messages += counts.get(Message._meta.label, 0)
    cleaned.counters = get_ledger().purge()
    Job.record(JOB)
    return cleaned


def _delete(conversations: ConversationQuerySet) -> dict[str, Any]:
    """Delete those that are still outdated once their rows are locked."""
    with primary.atomic():
        # Writing locks the rows on every database; a message that came first keeps its
        # conversation, as `conversations` is asked again.
        conversations.update(bot=F("bot"))
        return conversations.delete()[1]


def last_cleanup() -> datetime | None:
    """When the cleanup last ran; None where it never did. Never later than now."""
    ran = Job.objects.filter(pk=JOB).values_list("ran", flat=True).first()
    return min(ran, timezone.now()) if ran else None
