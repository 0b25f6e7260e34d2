"""Storage of the chat's mails as deliveries, so that no mail is lost if the mail server fails.

`delivery_threads` sends the mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import transaction

from sitechat.events.delivery_threads import wake
from sitechat.models import Delivery
from sitechat.runtime import database

MAX_TARGET_LENGTH = 500
"""Maximum characters of the addresses that are stored for the admin."""


@dataclass(frozen=True)
class Mail:
    """A mail to people of the site or to a visitor. Its texts may contain texts of visitors."""

    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    """The text as HTML, in which texts of visitors are escaped; "" for none."""
    reply_to: str = ""


def queue_mail(
    event: str,
    mail: Mail,
    *,
    conversation_id: UUID | None = None,
    contact_id: UUID | None = None,
    once: str | None = None,
) -> bool:
    """Store a mail. It is sent after the commit.

    Args:
        event: The name of what the mail reports, for the admin's list of deliveries.
        mail: The mail. It is not stored if it has no addresses.
        conversation_id: If this conversation is deleted, so is the mail.
        contact_id: If this contact is deleted, so is the mail.
        once: A name such as "cleanup:2026-11-29". Only the first mail with this name is stored.

    Returns:
        Whether the mail has addresses. True also if an earlier mail has the same `once`.
    """
    if not mail.to:
        return False
    delivery = Delivery(
        kind=Delivery.Kind.MAIL,
        event=event,
        target=", ".join(mail.to)[:MAX_TARGET_LENGTH],
        content={**asdict(mail), "to": list(mail.to)},
        conversation_id=conversation_id,
        contact_id=contact_id,
        once=once,
    )
    Delivery.objects.bulk_create([delivery], ignore_conflicts=once is not None)
    transaction.on_commit(wake, using=database.alias())
    return True
