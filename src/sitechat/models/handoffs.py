"""Models of conversations in which a person of the site answers instead of the bot."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversation_choices import HandoffState
from sitechat.runtime.database import PrimaryManager


class HandoffQuerySet(models.QuerySet["Handoff"]):
    """Queries for handoffs."""

    def open(self) -> HandoffQuerySet:
        """Return the handoffs of visitors who wait for a person or talk with one."""
        return self.filter(state__in=[HandoffState.WAITING, HandoffState.JOINED])


class Handoff(models.Model):
    """The state of a conversation for which a person was asked, or which a person joined.

    A conversation without a row has the state `none`.
    """

    conversation = models.OneToOneField(
        "sitechat.Conversation",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="handoff",
        verbose_name=_("conversation"),
    )
    bot = models.CharField(_("bot"), max_length=64)
    state = models.CharField(
        _("state"), max_length=8, choices=HandoffState.choices, default=HandoffState.NONE
    )
    requested = models.DateTimeField(_("requested"), default=timezone.now)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
        db_constraint=False,  # see Conversation.user
    )
    name = models.CharField(
        _("name"),
        max_length=64,
        blank=True,
        help_text=_("The name that the visitor sees."),
    )
    assigned = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
        db_constraint=False,
    )
    last_word = models.DateTimeField(
        _("last word"),
        null=True,
        blank=True,
        help_text=_("When the person who has joined wrote last, or joined."),
    )
    typing_until = models.DateTimeField(null=True, editable=False)
    visitor_wrote = models.DateTimeField(
        _("visitor wrote"),
        null=True,
        blank=True,
        help_text=_("When the visitor last wrote to the person who has joined."),
    )
    # The position of the last answer of the staff that was mailed to the visitor.
    mailed = models.PositiveIntegerField(null=True, editable=False)
    page_url = models.TextField(_("page"), blank=True)
    page_title = models.CharField(_("title of the page"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    version = models.PositiveIntegerField(
        default=0, editable=False, help_text="Raised by every change that readers must see."
    )

    objects = PrimaryManager.from_queryset(HandoffQuerySet)()

    class Meta:
        verbose_name = _("conversation for a person")
        verbose_name_plural = _("inbox")
        default_permissions = ()
        indexes = [models.Index(fields=["state", "requested"], name="sitechat_handoff_inbox")]

    def __str__(self) -> str:
        return f"{self.state} {self.conversation_id}"

    def is_typing(self, now: datetime) -> bool:
        """Return whether the person who has joined is writing at the time `now`."""
        until = self.typing_until
        return self.state == HandoffState.JOINED and until is not None and until > now


class HandoffEntry(models.Model):
    """A step of a handoff, or a note about the handoff. Only the staff sees entries."""

    class Kind(models.TextChoices):
        """What happened."""

        REQUESTED = "requested", _("asked for a person")
        WITHDRAWN = "withdrawn", _("went back to the bot")
        JOINED = "joined", _("joined")
        HANDED_BACK = "handed_back", _("handed back to the bot")
        IDLE = "idle", _("was silent, so the bot took over")
        CLOSED = "closed", _("closed the conversation")
        ASSIGNED = "assigned", _("assigned the conversation")
        NOTE = "note", _("wrote a note")
        MAILED = "mailed", _("sent the answer by e-mail")

    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="entries", verbose_name=_("handoff")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
        db_constraint=False,
    )
    author_name = models.CharField(_("name of the author"), max_length=254, blank=True)
    text = models.TextField(_("text"), blank=True)
    # The random id of the form of a note. It shows that a form was sent twice.
    form_id = models.UUIDField(null=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now)

    objects = PrimaryManager["HandoffEntry"]()

    class Meta:
        verbose_name = _("step of a handoff")
        verbose_name_plural = _("steps of handoffs")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.created:%Y-%m-%d %H:%M}"
