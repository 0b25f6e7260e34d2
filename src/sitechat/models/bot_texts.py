"""The model of the texts and options of a bot that staff edit in the admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.runtime.database import PrimaryManager


class BotTexts(models.Model):
    """One version of a bot's texts and options. The newest version of each bot is in effect."""

    bot = models.CharField(_("bot"), max_length=64)
    enabled = models.BooleanField(
        _("on"),
        default=True,
        help_text=_("Without it pages have no chat, and new messages are refused at once."),
    )
    greeting = models.TextField(
        _("greeting"), blank=True, help_text=_("Empty: the greeting of the settings.")
    )
    suggestions = models.JSONField(
        _("suggestions"),
        default=list,
        blank=True,
        help_text=_("Questions to begin with, one per line. Empty: those of the settings."),
    )
    instructions = models.TextField(
        _("instructions"),
        blank=True,
        help_text=_(
            "Added to the system prompt, such as: Mention the summer sale. Do not discuss "
            "competitors."
        ),
    )
    offers_contact = models.BooleanField(
        _("offer the contact form"),
        default=True,
        help_text=_("If the settings have one (CHAT_CONTACT)."),
    )
    offers_person = models.BooleanField(
        _("offer a person"),
        default=True,
        help_text=_("If the settings say who answers (CHAT_PERSON)."),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
        db_constraint=False,  # see Conversation.user
    )
    created = models.DateTimeField(_("saved"), default=timezone.now, editable=False)

    objects = PrimaryManager["BotTexts"]()

    EDITED_FIELDS = (
        *("enabled", "greeting", "suggestions", "instructions"),
        *("offers_contact", "offers_person"),
    )
    """The fields that staff edit."""

    class Meta:
        verbose_name = _("texts of a bot")
        verbose_name_plural = _("texts of bots")
        default_permissions = ("view", "change")
        indexes = [models.Index(fields=["bot", "-id"], name="sitechat_bottexts_newest")]

    def __str__(self) -> str:
        return f"{self.bot} {self.created:%Y-%m-%d %H:%M}"

    def changed_from(self, other: BotTexts) -> list[Any]:
        """Return the verbose names of the edited fields that differ between the two versions."""
        return [
            field.verbose_name
            for field in self._meta.concrete_fields
            if field.name in self.EDITED_FIELDS
            and getattr(self, field.name) != getattr(other, field.name)
        ]
