"""The cleanup: deletion of what is older than the retention settings allow.

`chat_cleanup` and the task `cleanup` run it, usually once a day.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.conversations import erasure, open_confirmations
from sitechat.engine import lost_replies
from sitechat.knowledge import approved_search
from sitechat.ledger import get_ledger
from sitechat.models import (
    Consent,
    Contact,
    Conversation,
    ConversationQuerySet,
    Delivery,
    Job,
    Message,
)
from sitechat.reports import period_counts, unanswered_questions, usage_summaries
from sitechat.reports.admin_log import replace_contact_names
from sitechat.runtime import database

JOB = "cleanup"

BATCH = 500
"""Number of deliveries, consents or contacts that are deleted in one transaction."""

MAX_DAYS = 36_500
"""Maximum days of retention. A longer time is shortened, so that dates stay valid."""


@dataclass
class Cleaned:
    """The numbers of rows that a cleanup deleted or changed, or would in a dry run."""

    conversations: int = 0
    messages: int = 0
    interrupted: int = 0
    """Replies that were ended because their process has died."""
    counters: int = 0
    """Counters of limits for past periods."""
    consents: int = 0
    contacts: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def outdated(days: int, now: datetime | None = None) -> ConversationQuerySet:
    """Return the conversations without a message for a number of days and without a running reply.

    Args:
        days: The days, from 1 on. More than MAX_DAYS count as MAX_DAYS.
        now: The time from which the days are counted back; by default the current time.

    Raises:
        ValueError: `days` is less than 1.
    """
    if days < 1:
        raise ValueError(_("Conversations are kept for at least 1 day."))
    return Conversation.objects.filter(updated__lt=_cutoff(days, now), running=None)


def _cutoff(days: int, now: datetime | None = None) -> datetime:
    return (now or timezone.now()) - timedelta(days=min(days, MAX_DAYS))


def cleanup(days: int | None = None, *, dry_run: bool = False) -> Cleaned:
    """Delete old conversations, consents, contacts, deliveries and counters.

    It also ends replies whose process has died, and updates the summaries and the list of
    unanswered questions. `Usage` rows are kept, without links. The site can keep running.

    Args:
        days: The days to keep conversations; CHAT_RETENTION_DAYS by default. Contacts are kept for
            CHAT_CONTACT_RETENTION_DAYS.
        dry_run: Whether to count only.

    Returns:
        The numbers of deleted rows and ended replies. With `dry_run`, nothing has changed yet, and
        counters are not included.

    Raises:
        ValueError: `days` is less than 1.
    """
    days = conf.CHAT_RETENTION_DAYS if days is None else days
    old = outdated(days)
    consents = Consent.objects.outdated(_cutoff(days))
    contacts = Contact.objects.outdated(_cutoff(conf.CHAT_CONTACT_RETENTION_DAYS))
    if dry_run:
        return Cleaned(
            conversations=old.count(),
            messages=Message.objects.filter(conversation__in=old.values("pk")).count(),
            consents=consents.count(),
            contacts=contacts.count(),
            interrupted=lost_replies.silent(Message.objects.replies()).count(),
        )
    cleaned = Cleaned(interrupted=lost_replies.end_lost_and_wait(Message.objects.replies()))
    database.retry(open_confirmations.close_expired)
    database.retry(unanswered_questions.review_new_replies)
    database.retry(approved_search.embed_missing)
    database.retry(usage_summaries.sum_again)
    database.retry(partial(period_counts.store_last_counts, _cutoff(days)))
    while ids := list(old.order_by("updated").values_list("pk", flat=True)[: erasure.BATCH]):
        counts = erasure.erase(old.filter(pk__in=ids))
        if not counts:
            break  # visitors have written in the remaining conversations meanwhile
        cleaned.conversations += counts.get(Conversation._meta.label, 0)
        cleaned.messages += counts.get(Message._meta.label, 0)
    _delete(Delivery.objects.outdated(_cutoff(days)))
    cleaned.consents = _delete(consents)
    cleaned.contacts = _delete(contacts)
    database.retry(replace_contact_names)
    cleaned.counters = get_ledger().purge()
    Job.record(JOB)
    return cleaned


def _delete(rows: QuerySet[Any]) -> int:
    """Delete rows in batches, and return the number of deleted rows."""
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        _all, counts = database.retry(rows.filter(pk__in=ids).delete)
        if not (count := counts.get(rows.model._meta.label, 0)):
            break  # the rows have changed meanwhile
        deleted += count
    return deleted


def last_cleanup() -> datetime | None:
    """Return when the cleanup last ran; None if it never did. A time in the future becomes now."""
    ran = Job.objects.filter(pk=JOB).values_list("ran", flat=True).first()
    return min(ran, timezone.now()) if ran else None
