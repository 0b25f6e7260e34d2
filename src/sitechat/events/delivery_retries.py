"""The attempts to send a delivery: the delays between them, and their results.

A process claims the row of a delivery before each attempt, so that no other process sends it at the
same time. If the process dies, the claim expires and the attempt is repeated. So a delivery may be
sent more than once.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from sitechat.events.delivery_attempts import DeliveryFailed, send_delivery
from sitechat.models import Delivery
from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger
from sitechat.safe_text import one_line

logger = get_logger("sitechat.events")

CLAIM_PERIOD = timedelta(minutes=5)
"""The time after which the claim of a dead process expires."""

DELAYS = (30, 120, 600, 1800, 7200, 21_600, 43_200, 86_400, 86_400)
"""Seconds between the attempts, about three days in total. If the attempt after the last delay
fails, the delivery has failed."""

MAX_ERROR_LENGTH = 500
"""Maximum characters of an error that are stored."""


def claim(pk: UUID) -> Delivery | None:
    """Claim a delivery for one attempt, and return it.

    Return None if it was deleted, or is no longer due, for example because another process has
    claimed or sent it.
    """
    now = timezone.now()
    row = Delivery.objects.due(now).filter(pk=pk)
    update = partial(row.update, due=now + CLAIM_PERIOD, attempts=F("attempts") + 1)
    claimed = database.retry(update)
    return Delivery.objects.filter(pk=pk).first() if claimed else None


def send_claimed(delivery: Delivery) -> None:
    """Send a claimed delivery, and store the result: sent, failed, or due again later.

    The content of a sent delivery is deleted.
    """
    try:
        send_delivery(delivery)
    except DeliveryFailed as error:
        _store_failure(delivery, error)
    else:
        _update(delivery, state=Delivery.State.SENT, sent=timezone.now(), content={}, error="")


def _store_failure(delivery: Delivery, error: DeliveryFailed) -> None:
    """Log a failed attempt, and store the time of the next attempt.

    If it was the last attempt, or another attempt would fail too, the delivery has failed. If the
    target is unreachable, its other due deliveries wait until the same time.
    """
    message = one_line(str(error), MAX_ERROR_LENGTH)
    logger.warning(
        "Attempt %s to send delivery %s (%s) failed: %s",
        delivery.attempts,
        delivery.pk,
        delivery.event,
        message,
    )
    if error.final or delivery.attempts > len(DELAYS):
        _update(delivery, state=Delivery.State.FAILED, error=message)
        return
    now = timezone.now()
    due = now + _delay(delivery.attempts)
    _update(delivery, due=due, error=message)
    if error.unreachable:
        # All mails have the same target, the mail server.
        same_target = Delivery.objects.due(now).filter(kind=delivery.kind)
        if delivery.kind == Delivery.Kind.WEBHOOK:
            same_target = same_target.filter(target=delivery.target)
        database.retry(partial(same_target.update, due=due))


def _delay(attempts: int) -> timedelta:
    """Return the time until the next attempt, varied at random by up to 10%."""
    seconds = DELAYS[min(attempts, len(DELAYS)) - 1]
    return timedelta(seconds=seconds * (0.9 + secrets.randbelow(200) / 1000))


def _update(delivery: Delivery, **values: Any) -> None:
    """Store the result of an attempt, unless the delivery was deleted or claimed again."""
    row = Delivery.objects.waiting().filter(pk=delivery.pk, due=delivery.due)
    database.retry(partial(row.update, **values))
