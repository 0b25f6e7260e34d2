"""The model of tool calls: what Claude called, who agreed, and the outcome."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversation_choices import ToolState
from sitechat.models.messages import Message
from sitechat.runtime.database import PrimaryManager
from sitechat.runtime.utc_offsets import with_offset
from sitechat.tools.confirmation_questions import OPEN_FOR

BY_PERSON = "a person who joined"
"""The value of `decided_by` for calls that were declined because a person joined."""


class ToolUseQuerySet(models.QuerySet["ToolUse"]):
    """Queries for calls of tools."""

    def open(self, now: datetime | None = None) -> ToolUseQuerySet:
        """Return calls that visitors can still approve or decline at the time `now`.

        None means the current time.
        """
        since = (now or timezone.now()) - OPEN_FOR
        return self.filter(state=ToolState.ASKED, created__gt=since)

    def close(self, state: ToolState, by: str = "") -> int:
        """Set the outcome of the calls in the state `asked`, even of expired ones.

        Args:
            state: The new state.
            by: The value of `decided_by`.

        Returns:
            The number of changed calls.
        """
        return self.filter(state=ToolState.ASKED).update(
            state=state, decided=timezone.now(), decided_by=by, continuation=""
        )


class ToolUse(models.Model):
    """A call of a tool in a reply. It is deleted with the reply."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reply = models.ForeignKey(
        Message,
        on_delete=models.CASCADE,
        related_name="tool_uses",
        verbose_name=_("reply"),
    )
    name = models.CharField(_("tool"), max_length=64)
    # A text, because not all databases accept the same JSON.
    arguments = models.TextField(_("arguments"), blank=True, help_text=_("As JSON."))
    state = models.CharField(_("state"), max_length=16, choices=ToolState.choices)
    result_size = models.PositiveIntegerField(
        _("size of the result"), null=True, blank=True, help_text=_("In characters.")
    )
    milliseconds = models.PositiveIntegerField(_("milliseconds"), null=True, blank=True)
    question = models.CharField(
        _("question"),
        max_length=255,
        blank=True,
        help_text=_("What the visitor had to agree to; empty for other calls."),
    )
    user = models.CharField(
        _("user"),
        max_length=255,
        blank=True,
        help_text=_("The key of the signed-in user for whom Claude called the tool."),
    )
    decided = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.CharField(
        _("decided by"),
        max_length=255,
        blank=True,
        help_text=_("Who agreed or declined: user and the key, or visitor."),
    )
    continuation = models.TextField(
        blank=True,
        editable=False,
        help_text=_("What the reply goes on with, until the question is decided."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now)

    objects = PrimaryManager.from_queryset(ToolUseQuerySet)()

    class Meta:
        verbose_name = _("tool call")
        verbose_name_plural = _("tool calls")
        default_permissions = ()
        ordering = ["created"]
        indexes = [models.Index(fields=["state", "created"], name="sitechat_tooluse_state")]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    def as_dict(self) -> dict[str, Any]:
        """Return the call as JSON values, for exports."""
        return {
            "id": str(self.pk),
            "tool": self.name,
            "arguments": self.arguments,
            "state": self.state,
            "result_size": self.result_size,
            "milliseconds": self.milliseconds,
            "question": self.question,
            "user": self.user,
            "decided": with_offset(self.decided).isoformat() if self.decided else None,
            "decided_by": self.decided_by,
            "created": with_offset(self.created).isoformat(),
        }
