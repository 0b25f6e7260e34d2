"""The model of deliveries: webhooks and mails that wait to be sent, were sent, or failed."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.contacts import Contact
from sitechat.models.conversations import Conversation
from sitechat.runtime.database import PrimaryManager


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Queries for deliveries."""

    def waiting(self) -> DeliveryQuerySet:
        """Return deliveries that are still to be sent."""
        return self.filter(state=Delivery.State.WAITING)

    def due(self, now: datetime) -> DeliveryQuerySet:
        """Return the waiting deliveries to send now.

        A process claims a delivery by moving `due` into the future before it sends the delivery. If
        the process dies, the delivery is due again at that time.
        """
        return self.waiting().filter(due__lte=now)

    def send_again(self) -> int:
        """Make the failed deliveries due now, and return their number."""
        return self.filter(state=Delivery.State.FAILED).update(
            state=Delivery.State.WAITING, due=timezone.now(), attempts=0
        )

    def outdated(self, cutoff: datetime) -> DeliveryQuerySet:
        """Return deliveries that are not waiting and were created before a time."""
        return self.exclude(state=Delivery.State.WAITING).filter(created__lt=cutoff)


class Delivery(models.Model):
    """A webhook or a mail, stored in the transaction of the event that it reports.

    It is deleted with its conversation or contact. `content` is emptied when the delivery is sent.
    """

    class Kind(models.TextChoices):
        """How the delivery is sent."""

        WEBHOOK = "webhook", _("webhook")
        MAIL = "mail", _("mail")

    class State(models.TextChoices):
        """Whether the delivery was sent."""

        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    event = models.CharField(_("event"), max_length=64)
    target = models.CharField(
        _("target"),
        max_length=500,
        help_text=_("The address of the webhook, or the mail addresses."),
    )
    content = models.JSONField(_("content"), default=dict)
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.WAITING
    )
    due = models.DateTimeField(_("next attempt"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=500, blank=True)
    # The unique name of an event that is reported only once; NULL for all other events.
    once = models.CharField(max_length=100, null=True, unique=True, editable=False)  # noqa: DJ001
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, null=True, related_name="+", editable=False
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, related_name="+", editable=False
    )
    created = models.DateTimeField(_("created"), default=timezone.now, db_index=True)
    sent = models.DateTimeField(_("sent"), null=True)

    objects = PrimaryManager.from_queryset(DeliveryQuerySet)()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ("view", "change")
        indexes = [models.Index(fields=["state", "due"], name="sitechat_delivery_due")]

    def __str__(self) -> str:
        return f"{self.event} {self.created:%Y-%m-%d %H:%M}"
