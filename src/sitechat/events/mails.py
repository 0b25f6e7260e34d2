"""Mails: stored first, and sent like webhooks, so that a mail server that is down loses none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import transaction

from sitechat.conf import conf
from sitechat.events.sender import wake
from sitechat.models import Delivery
from sitechat.runtime import database

MAX_TARGET = 500
"""Characters of the addresses that the admin shows."""


@dataclass(frozen=True)
class Mail:
    """A mail to people of the site. Its texts may hold what visitors wrote."""

    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    """The same as HTML, escaped."""
    reply_to: str = ""


def owner_addresses() -> list[str]:
    """Return the addresses in CHAT_NOTIFY, which may be written as those in Django's ADMINS."""
    entries = conf.CHAT_NOTIFY
    if not isinstance(entries, (list, tuple)):
        return []
    # Django before 6.0 has pairs of a name and an address.
    found = [entry[1] if _is_pair(entry) else entry for entry in entries]
    return [entry for entry in found if isinstance(entry, str) and "@" in entry]


def _is_pair(entry: object) -> bool:
    return isinstance(entry, (list, tuple)) and len(entry) == 2


def queue_mail(
    event: str,
    mail: Mail,
    *,
    conversation_id: UUID | None = None,
    contact_id: UUID | None = None,
    once: str | None = None,
) -> bool:
    """Store a mail, to be sent after the transaction.

    Args:
        event: What it is about, for the admin.
        mail: The mail. Without addresses nothing is stored.
        conversation_id: The mail is dropped if this conversation is deleted.
        contact_id: The same for a contact.
        once: A name under which only one mail is ever stored, such as "cleanup:2026-11-29".

    Returns:
        Whether there are addresses.
    """
    if not mail.to:
        return False
    delivery = Delivery(
        kind=Delivery.Kind.MAIL,
        event=event,
        target=", ".join(mail.to)[:MAX_TARGET],
        content={**asdict(mail), "to": list(mail.to)},
        conversation_id=conversation_id,
        contact_id=contact_id,
        once=once,
    )
    Delivery.objects.bulk_create([delivery], ignore_conflicts=once is not None)
    transaction.on_commit(wake, using=database.alias())
    return True
