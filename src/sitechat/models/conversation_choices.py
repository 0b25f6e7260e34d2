"""The choices of fields of conversations and messages."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Asker(models.TextChoices):
    """The origin of a question that no visitor asked: a command, the admin, or the staff."""

    ASK = "chat_ask", "chat_ask"
    EVAL = "chat_eval", "chat_eval"
    DOCTOR = "chat_doctor", "chat_doctor"
    ADMIN = "admin", _("trial in the admin")
    STAFF = "staff", _("staff in the chat")


IN_CHAT = frozenset({None, Asker.STAFF})
"""The origins of questions in the chat itself: visitors (None) and staff. Only these questions
cause events."""


class Role(models.TextChoices):
    """Who wrote a message."""

    USER = "user", _("visitor")
    ASSISTANT = "assistant", _("assistant")
    AGENT = "agent", _("person of the site")


class Status(models.TextChoices):
    """The state of a message. A visitor's message is always complete."""

    RUNNING = "running", _("running")
    COMPLETE = "complete", _("complete")
    TRUNCATED = "truncated", _("cut at the maximum length")
    STOPPED = "stopped", _("stopped by the visitor")
    REFUSED = "refused", _("refused by Claude")
    FAILED = "failed", _("failed")
    INTERRUPTED = "interrupted", _("interrupted")


class ToolState(models.TextChoices):
    """The state of a tool call."""

    ASKED = "asked", _("waiting for the visitor")
    APPROVED = "approved", _("agreed, not run")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("not answered in time")
    STARTED = "started", _("started")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    REFUSED = "refused", _("not run")
    UNKNOWN = "unknown", _("outcome unknown")


class HandoffState(models.TextChoices):
    """The state of a handoff: a conversation's transfer from the bot to a person of the site."""

    NONE = "none", _("with the bot")
    WAITING = "waiting", _("waiting")
    JOINED = "joined", _("joined")
    CLOSED = "closed", _("closed")
