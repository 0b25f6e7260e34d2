"""The model of conversations between visitors and bots."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversation_choices import Asker
from sitechat.runtime.database import PrimaryManager

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Queries for conversations."""

    def anonymous_or_owned_by(
        self, user: AbstractBaseUser | AnonymousUser | None
    ) -> ConversationQuerySet:
        """Return all anonymous conversations, and the conversations of the user.

        Combine this with a filter by ids: a visitor who knows the id of an anonymous conversation
        may read it.
        """
        readable = models.Q(user=None)
        if user is not None and user.is_authenticated:
            readable |= models.Q(user=user.pk)
        return self.filter(readable)

    def belonging_to(
        self,
        user: AbstractBaseUser | AnonymousUser | None,
        *,
        visitor: str | None,
        held: Iterable[uuid.UUID] = (),
    ) -> ConversationQuerySet:
        """Return the conversations of one visitor.

        Conversations of other users are left out, even if the session has their ids.

        Args:
            user: The visitor's user; None or an AnonymousUser for an anonymous visitor. The user's
                conversations on all devices are included.
            visitor: The random id in the visitor's session; None without a session.
            held: The ids of the conversations that the session contains.
        """
        anonymous = models.Q(pk__in=list(held))
        if visitor:
            anonymous |= models.Q(visitor=visitor)
        theirs = models.Q(anonymous, user=None)
        if user is not None and user.is_authenticated:
            theirs |= models.Q(user=user.pk)
        return self.filter(theirs)

    def containing(self, words: str) -> ConversationQuerySet:
        """Return conversations with a message that contains this exact text, ignoring case.

        The database reads every message of the queryset, so filter by other fields first.
        """
        matching = _messages().filter(conversation=models.OuterRef("pk"), text__icontains=words)
        return self.filter(models.Exists(matching))

    def identified_by(self, name: str) -> ConversationQuerySet | None:
        """Return the conversations that an id or a username identifies.

        Args:
            name: The id of a conversation or message, or a username.

        Returns:
            The conversations. For an unknown id, an empty queryset. None if the name is neither an
            id nor a known username.
        """
        try:
            pk = uuid.UUID(name.strip())
        except ValueError:
            user = apps.get_model(settings.AUTH_USER_MODEL)
            named = user._default_manager.filter(**{user.USERNAME_FIELD: name.strip()})
            pks = list(named.values_list("pk", flat=True)[:1])
            return self.filter(user__in=pks) if pks else None
        of_message = _messages().filter(pk=pk).values_list("conversation_id", flat=True)
        return self.filter(pk__in=[pk, *of_message])


class Conversation(models.Model):
    """The messages between one visitor and one bot.

    A conversation belongs to the visitor whose session contains its `visitor` id. The session key
    is not used, because it changes at login. As soon as a logged-in user has written in the
    conversation, it belongs only to this user, on every device.
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
        # If the app was removed but its tables were kept, a constraint would make it impossible
        # to delete users.
        db_constraint=False,
    )
    command = models.CharField(  # noqa: DJ001 - see Usage.command
        _("asked by"),
        max_length=32,
        choices=Asker.choices,
        null=True,
        blank=True,
        help_text=_("Who asked the questions if no visitor did; empty for visitors."),
    )
    visitor = models.CharField(
        _("visitor"),
        max_length=32,
        blank=True,
        default="",
        editable=False,
        help_text=_("The random id in the session of the visitor who started the conversation."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("last message"), default=timezone.now, db_index=True)

    objects = PrimaryManager.from_queryset(ConversationQuerySet)()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        default_permissions = ("view", "change", "delete")
        indexes = [
            models.Index(fields=["visitor"], name="sitechat_conversation_visitor"),
            models.Index(fields=["command"], name="sitechat_conversation_command"),
        ]
        permissions = [("answer_conversation", "Can answer visitors of all bots")]

    def __str__(self) -> str:
        return str(self.id)


def _messages() -> models.QuerySet[Any]:
    """Return all messages. `models.messages` imports this module, so find the model by name."""
    queryset: models.QuerySet[Any] = apps.get_model("sitechat", "Message").objects.all()
    return queryset
