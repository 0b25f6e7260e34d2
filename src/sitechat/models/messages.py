"""The model of messages, which visitors, Claude and people of the site write."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.errors import reply_error
from sitechat.models.conversation_choices import Role, Status
from sitechat.models.conversations import Conversation
from sitechat.payloads.messages import ShownMessage
from sitechat.runtime.database import PrimaryManager
from sitechat.runtime.utc_offsets import with_offset


class MessageQuerySet(models.QuerySet["Message"]):
    """Queries for messages."""

    def replies(self) -> MessageQuerySet:
        """Return Claude's messages."""
        return self.filter(role=Role.ASSISTANT)


class Message(models.Model):
    """A message that a visitor, Claude or a person of the site has written.

    A turn is a visitor's message and its reply, at positions 2n and 2n+1. While a person answers,
    some positions stay unused: visitors' messages still have even positions, all others odd ones.
    """

    MAX_PAGE_LENGTH = 500
    MAX_LANGUAGE_LENGTH = 16

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
    # `payloads.messages` has the types of the entries: `CitedPage` and `Citation`.
    sources = models.JSONField(_("sources"), default=list, blank=True)
    citations = models.JSONField(_("citations"), default=list, blank=True)
    # The result of `ReplyError.stored`.
    error = models.JSONField(_("error"), null=True, blank=True)
    # The fields of `errors.Failure`.
    failure = models.JSONField(
        _("failure"),
        null=True,
        blank=True,
        help_text=_("Why Claude did not answer. Visitors never see it."),
    )
    suggestions = models.JSONField(
        _("suggestions"),
        default=list,
        blank=True,
        help_text=_("Follow-up questions offered after the reply."),
    )
    # A `payloads.messages.Question`, and `until`, a POSIX timestamp.
    confirm = models.JSONField(
        _("question to confirm"),
        null=True,
        blank=True,
        help_text=_("The tool call that the visitor is asked to confirm, and until when."),
    )
    # NULL is allowed, because processes of the previous version insert rows without a name.
    name = models.CharField(  # noqa: DJ001
        _("name"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_("The name under which a person of the site wrote the message."),
    )
    # NULL is allowed for the same reason as in `name`.
    offer = models.CharField(  # noqa: DJ001
        _("offer"),
        max_length=16,
        null=True,
        blank=True,
        help_text=_("What Claude offered beside the reply: a person or the contact form."),
    )
    replaced = models.BooleanField(
        _("replaced"),
        default=False,
        help_text=_("Set if the visitor asked again in other words. Claude does not get the turn."),
    )
    did_not_know = models.BooleanField(
        _("did not know"),
        null=True,
        blank=True,
        help_text=_("Set if Claude marked that the reply lacks what was asked for."),
    )
    # NULL is allowed, because processes of the previous version insert rows without these fields.
    page = models.CharField(  # noqa: DJ001
        _("page"),
        max_length=MAX_PAGE_LENGTH,
        null=True,
        blank=True,
        help_text=_("The path of the page on which the visitor asked."),
    )
    language = models.CharField(  # noqa: DJ001
        _("language"),
        max_length=MAX_LANGUAGE_LENGTH,
        null=True,
        blank=True,
        help_text=_("The language of the visitor's page."),
    )
    rating = models.SmallIntegerField(_("rating"), default=0)
    comment = models.TextField(_("comment"), blank=True)
    client_id = models.UUIDField(
        _("the visitor's id"),
        null=True,
        blank=True,
        help_text=_("The id that the visitor's browser gave the message. It identifies retries."),
    )
    running_in = models.OneToOneField(
        Conversation,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="running",
        verbose_name=_("running in"),
        help_text=_("Set while the reply is running: at most one per conversation."),
    )
    slot = models.CharField(
        _("slot"),
        max_length=48,
        null=True,
        blank=True,
        unique=True,
        help_text=_("Set while the reply is running: limits the running replies of an IP address."),
    )
    stop_at = models.PositiveIntegerField(
        _("stop at"),
        null=True,
        blank=True,
        help_text=_("The number of characters after which the visitor stopped the reply."),
    )
    # An `engine.reply_costs.Reserved`.
    reserved = models.JSONField(
        _("reserved"),
        null=True,
        blank=True,
        help_text=_("What the ledger reserves for the reply until its real usage is known."),
    )
    # The process that runs the reply (`runtime.process_identity`), and the time at which another
    # process first suspected it to be dead (`engine.lost_replies`). Both can be NULL, because
    # processes of the previous version insert rows without them.
    process = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001
    suspected = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("updated"), default=timezone.now)

    objects = PrimaryManager.from_queryset(MessageQuerySet)()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions = ()
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
        """The id that clients know: `client_id` from the visitor's browser, or else `id`."""
        return self.client_id or self.id

    @property
    def open_question(self) -> dict[str, str] | None:
        """The tool call that the visitor can still confirm: its `id`, its `tool` and the `text`.

        None if there is none, if the reply is running, or if the time to confirm is over.
        """
        asked = self.confirm
        if not isinstance(asked, dict) or self.status == Status.RUNNING:
            return None
        if not timezone.now().timestamp() < asked.get("until", 0):
            return None
        return {name: asked[name] for name in ("id", "tool", "text")}

    def as_dict(self) -> ShownMessage:
        """Return the message as `GET chat/` shows it, with its error in the active language."""
        shown: ShownMessage = {
            "id": str(self.public_id),
            "role": self.role,
            "text": self.text,
            "status": self.status,
            "created": with_offset(self.created).isoformat(),
            "sources": self.sources,
            "citations": self.citations,
            "rating": self.rating,
        }
        if self.role == Role.AGENT:
            shown["name"] = self.name
        if self.replaced:
            shown["replaced"] = True
        if asked := self.open_question:
            shown["confirm"] = asked
        elif self.suggestions and self.status == Status.COMPLETE:
            shown["suggestions"] = self.suggestions
        if self.offer:
            shown["offer"] = self.offer
        if self.error:
            shown["error"] = reply_error(self.error).as_dict()
        return shown
