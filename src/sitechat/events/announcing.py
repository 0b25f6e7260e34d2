"""Announcement of events: storage of their deliveries, and signals after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from sitechat.events.delivery_threads import wake
from sitechat.events.webhooks import webhooks
from sitechat.models import Delivery
from sitechat.runtime import database
from sitechat.signals import EVENTS


def announce(
    event: str,
    *,
    sender: Any,
    data: Mapping[str, Any],
    conversation_id: UUID | None = None,
    contact_id: UUID | None = None,
    **arguments: Any,
) -> None:
    """Store the deliveries of an event, and send its signal after the commit.

    Call this function in the transaction that writes the change.

    Args:
        event: One of `EVENTS`.
        sender: The sender of the signal.
        data: The data for webhooks, as JSON values.
        conversation_id: If this conversation is deleted, so are the deliveries.
        contact_id: If this contact is deleted, so are the deliveries.
        arguments: The arguments of the signal.
    """
    queue_webhooks(event, data, conversation_id=conversation_id, contact_id=contact_id)
    send = partial(EVENTS[event].send_robust, sender=sender, **arguments)
    transaction.on_commit(send, using=database.alias())


def queue_webhooks(
    event: str,
    data: Mapping[str, Any],
    *,
    conversation_id: UUID | None = None,
    contact_id: UUID | None = None,
) -> None:
    """Store the deliveries of an event to webhooks. They are sent after the commit.

    Args:
        event: One of `EVENTS`.
        data: The data for webhooks, as JSON values.
        conversation_id: If this conversation is deleted, so are the deliveries.
        contact_id: If this contact is deleted, so are the deliveries.
    """
    assert event in EVENTS  # noqa: S101 - only this package's callers choose the name
    deliveries = [
        Delivery(
            kind=Delivery.Kind.WEBHOOK,
            event=event,
            target=hook.url,
            content=dict(data),
            conversation_id=conversation_id,
            contact_id=contact_id,
        )
        for hook in webhooks()
        if hook.wants(event)
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(wake, using=database.alias())
