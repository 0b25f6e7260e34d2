"""What the chat keeps: conversations, their messages, and what each reply used."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.knowledge.models import IndexState, Page, Passage
from sitechat.owner.models import Job, Summary, Unanswered
from sitechat.primary import PrimaryManager

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

__all__ = [
    "Conversation",
    "Counter",
    "IndexState",
    "Job",
    "Message",
    "Page",
    "Passage",
    "Role",
    "Status",
    "Summary",
    "Unanswered",
    "Usage",
]

STALE_AFTER = timedelta(seconds=15)
"""A running reply whose row was not touched for so long has lost its process.

Processes touch the rows of their running replies twice a second.
"""


def with_offset(moment: datetime) -> datetime:
    """The moment as browsers elsewhere understand it, also on sites with USE_TZ = False."""
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def owned_by(self, user: AbstractBaseUser | AnonymousUser | None) -> ConversationQuerySet:
        """Those that a visitor who holds their ids may see: nobody's, and the user's own."""
        mine = models.Q(user=None)
        if user is not None and user.is_authenticated:
            mine |= models.Q(user=user.pk)
        return self.filter(mine)

    def saying(self, words: str) -> ConversationQuerySet:
        """Those in which somebody wrote these words, in either case. It reads every text."""
        saying = Message.objects.filter(conversation=models.OuterRef("pk"), text__icontains=words)
        return self.filter(models.Exists(saying))

    def named(self, name: str) -> ConversationQuerySet | None:
        """Those that a name means exactly: an id of theirs or of a message, or a user's name.

        None where the name is neither an id nor that of a user.
        """
        try:
            pk = uuid.UUID(name.strip())
        except ValueError:
            user = apps.get_model(settings.AUTH_USER_MODEL)
            named = user._default_manager.filter(**{user.USERNAME_FIELD: name.strip()})
            pks = list(named.values_list("pk", flat=True)[:1])
            return self.filter(user__in=pks) if pks else None
        of_message = Message.objects.filter(pk=pk).values_list("conversation_id", flat=True)
        return self.filter(pk__in=[pk, *of_message])


class Conversation(models.Model):
    """What one visitor and one bot said to each other.

    It belongs to the browser session whose data hold its id, not to a session key, so it
    survives the new key of a login. Once a logged-in user has written in it, it is theirs only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bot = models.CharField(_("bot"), max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="chat_conversations",
        verbose_name=_("user"),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("last message"), default=timezone.now, db_index=True)

    objects = PrimaryManager.from_queryset(ConversationQuerySet)()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")

    def __str__(self) -> str:
        return str(self.id)


class Role(models.TextChoices):
    USER = "user", _("visitor")
    ASSISTANT = "assistant", _("assistant")


class Status(models.TextChoices):
    """How far a message is. A visitor's message is always complete."""

    RUNNING = "running", _("running")
    COMPLETE = "complete", _("complete")
    TRUNCATED = "truncated", _("cut at the longest length")
    STOPPED = "stopped", _("stopped by the visitor")
    REFUSED = "refused", _("refused by Claude")
    FAILED = "failed", _("failed")
    INTERRUPTED = "interrupted", _("interrupted")


class MessageQuerySet(models.QuerySet["Message"]):
    def replies(self) -> MessageQuerySet:
        return self.filter(role=Role.ASSISTANT)

    def stale(self) -> MessageQuerySet:
        """Running replies whose process is gone (see STALE_AFTER)."""
        return self.filter(status=Status.RUNNING, updated__lt=timezone.now() - STALE_AFTER)


class Message(models.Model):
    """A visitor's message or a reply. A turn is one of each, at positions 2n and 2n + 1."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.CASCADE,
        related_name="messages",
        verbose_name=_("conversation"),
    )
    position = models.PositiveIntegerField(_("position"))
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.COMPLETE
    )
    text = models.TextField(_("text"), blank=True)
    sources = models.JSONField(_("sources"), default=list, blank=True)
    citations = models.JSONField(_("citations"), default=list, blank=True)
    error = models.JSONField(_("error"), null=True, blank=True)
    rating = models.SmallIntegerField(_("rating"), default=0)
    comment = models.TextField(_("comment"), blank=True)
    client_id = models.UUIDField(
        _("the visitor's id"),
        null=True,
        blank=True,
        help_text=_("The id that the visitor's browser gave the message, so that a retry is one."),
    )
    running_in = models.OneToOneField(
        Conversation,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="running",
        verbose_name=_("running in"),
        help_text=_("Set while the reply is running: a conversation has one at a time."),
    )
    slot = models.CharField(
        _("slot"),
        max_length=48,
        null=True,
        blank=True,
        unique=True,
        help_text=_("Set while the reply is running: an address has a few at a time."),
    )
    stop_at = models.PositiveIntegerField(
        _("stop at"),
        null=True,
        blank=True,
        help_text=_("Where the visitor stopped the reply, in characters; its process obeys."),
    )
    reserved = models.JSONField(
        _("reserved"),
        null=True,
        blank=True,
        help_text=_("What the ledger holds for the reply until its real usage is known."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("updated"), default=timezone.now)

    objects = PrimaryManager.from_queryset(MessageQuerySet)()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["conversation", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "position"], name="sitechat_message_position"
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="sitechat_message_client_id"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "conversation"], name="sitechat_message_status"),
            models.Index(fields=["rating", "conversation"], name="sitechat_message_rating"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.position}"

    @property
    def public_id(self) -> uuid.UUID:
        """The id that clients know: the visitor's own where they gave one."""
        return self.client_id or self.id

    def as_dict(self) -> dict[str, Any]:
        """The message as `GET chat/` shows it."""
        return {
            "id": str(self.public_id),
            "role": self.role,
            "text": self.text,
            "status": self.status,
            "created": with_offset(self.created).isoformat(),
            "sources": self.sources,
            "citations": self.citations,
            "rating": self.rating,
        }


class Usage(models.Model):
    """What one reply used and cost. It outlives its conversation, without its link."""

    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="usage",
        verbose_name=_("conversation"),
    )
    reply = models.OneToOneField(
        Message,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="usage",
        verbose_name=_("reply"),
    )
    bot = models.CharField(_("bot"), max_length=64)
    model = models.CharField(_("model"), max_length=128)
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    cache_read_tokens = models.PositiveIntegerField(_("cache-read tokens"), default=0)
    cache_write_tokens = models.PositiveIntegerField(_("cache-write tokens"), default=0)
    dollars = models.DecimalField(_("dollars"), max_digits=14, decimal_places=8, default=0)
    estimated = models.BooleanField(
        _("estimated"),
        default=False,
        help_text=_("Claude's own count never came: this is what was streamed or reserved."),
    )
    first_token_ms = models.PositiveIntegerField(_("first token (ms)"), null=True, blank=True)
    total_ms = models.PositiveIntegerField(_("total (ms)"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices)
    stop_reason = models.CharField(_("stop reason"), max_length=64, blank=True)
    request_id = models.CharField(_("Claude's request id"), max_length=128, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, db_index=True)

    objects = PrimaryManager["Usage"]()

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")

    def __str__(self) -> str:
        return f"{self.model} {self.dollars}"


class Counter(models.Model):
    """What one scope has spent of one limit in one window; see `sitechat.ledger`."""

    key = models.CharField(max_length=160, primary_key=True)
    spent = models.BigIntegerField(default=0)
    expires = models.DateTimeField(db_index=True)
    warned = models.BooleanField(default=False)
    reached = models.BooleanField(default=False)

    objects = PrimaryManager["Counter"]()

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")

    def __str__(self) -> str:
        return self.key
