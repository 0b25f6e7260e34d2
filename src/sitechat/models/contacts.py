"""The model of contact requests (leads)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversations import Conversation
from sitechat.runtime.database import PrimaryManager
from sitechat.runtime.utc_offsets import with_offset
from sitechat.safe_text import visible


class ContactQuerySet(models.QuerySet["Contact"]):
    """Queries for contact requests."""

    def with_email(self, email: str) -> ContactQuerySet:
        """Return contact requests with an e-mail address, ignoring case."""
        return self.filter(email__iexact=email.strip())

    def outdated(self, cutoff: datetime) -> ContactQuerySet:
        """Return contact requests that were sent before a time."""
        return self.filter(created__lt=cutoff)


class Contact(models.Model):
    """A visitor's entries in the contact form, which ask the site to get in touch.

    A contact has its own retention period. It is kept if its conversation is deleted.
    """

    class State(models.TextChoices):
        """What the site has done about the request."""

        NEW = "new", _("new")
        CONTACTED = "contacted", _("contacted")
        DONE = "done", _("done")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail"), blank=True, db_index=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    message = models.TextField(_("message"), blank=True)
    consent = models.TextField(
        _("consent"), blank=True, help_text=_("The text that the visitor agreed to.")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.NEW, db_index=True
    )
    bot = models.CharField(_("bot"), max_length=64)
    language = models.CharField(_("language"), max_length=35, blank=True)
    page = models.CharField(
        _("page"),
        max_length=500,
        blank=True,
        help_text=_("The path of the page that the visitor was on."),
    )
    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="contacts",
        verbose_name=_("conversation"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
        db_constraint=False,  # see Conversation.user
    )
    # A keyed hash of the visitor and the entries. It shows that a form was sent twice. It is set to
    # NULL when the same entries arrive so much later that they are a new request.
    copy_key = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001
    created = models.DateTimeField(_("received"), default=timezone.now, db_index=True)

    objects = PrimaryManager.from_queryset(ContactQuerySet)()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        default_permissions = ("view", "change", "delete")

    SHORT_ID = 8
    """Logs identify a contact by this many characters, the first ones of its id."""

    def __str__(self) -> str:
        # No personal data: the admin's log keeps this text after the contact is deleted.
        return str(self.pk)[: self.SHORT_ID]

    @property
    def display_name(self) -> str:
        """The name, or else the e-mail address, the phone number or the short id."""
        return visible(self.name or self.email or self.phone or str(self))

    def as_dict(self) -> dict[str, Any]:
        """Return the contact as JSON values, for exports."""
        return {
            "id": str(self.pk),
            "created": with_offset(self.created).isoformat(),
            "email": self.email,
            "name": self.name,
            "phone": self.phone,
            "message": self.message,
            "consent": self.consent,
            "state": self.state,
            "bot": self.bot,
            "language": self.language,
            "page": self.page,
            "conversation": str(self.conversation_id) if self.conversation_id else None,
            "user": str(self.user_id) if self.user_id is not None else None,
        }
