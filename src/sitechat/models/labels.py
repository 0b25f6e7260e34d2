"""The model of labels, with which staff sort conversations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversations import Conversation
from sitechat.runtime.database import PrimaryManager


class Label(models.Model):
    """A label that staff have given a conversation. It is deleted with the conversation."""

    MAX_LENGTH = 50

    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.CASCADE,
        related_name="labels",
        verbose_name=_("conversation"),
    )
    name = models.CharField(_("label"), max_length=MAX_LENGTH)

    objects = PrimaryManager["Label"]()

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            # The name comes first, because the list of conversations filters by it.
            models.UniqueConstraint(fields=["name", "conversation"], name="sitechat_label_once")
        ]

    def __str__(self) -> str:
        return self.name
