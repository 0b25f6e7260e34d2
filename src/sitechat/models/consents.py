"""The model of visitors' consents."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversations import Conversation
from sitechat.runtime.database import PrimaryManager


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Queries for consents."""

    def given_by(self, *, visitor: str | None, user_pk: object) -> ConsentQuerySet:
        """Return the consents of a browser session, and of a signed-in user on any device.

        Without a session and a user, return an empty queryset.

        Args:
            visitor: The random id in the session; None without a session.
            user_pk: The key of the signed-in user; None for an anonymous visitor.
        """
        theirs = models.Q(visitor=visitor) if visitor else models.Q()
        if user_pk is not None:
            theirs |= models.Q(user=user_pk)
        return self.filter(theirs) if theirs else self.none()

    def orphaned(self) -> ConsentQuerySet:
        """Return the consents whose visitor has no conversation, and whose user has none either."""
        of_visitor = Conversation.objects.filter(visitor=models.OuterRef("visitor"))
        of_user = Conversation.objects.filter(user=models.OuterRef("user"))
        return self.exclude(models.Exists(of_visitor)).exclude(models.Exists(of_user))

    def outdated(self, cutoff: datetime) -> ConsentQuerySet:
        """Return orphaned consents that were given before a time."""
        return self.filter(created__lt=cutoff).orphaned()


class Consent(models.Model):
    """A visitor's consent to the text of CHAT_CONSENT.

    `text` is the text as the visitor saw it, in `language`.
    """

    visitor = models.CharField(
        _("visitor"),
        max_length=32,
        db_index=True,
        help_text=_("The random id in the visitor's session."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
        db_constraint=False,  # see Conversation.user
    )
    text = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=35, blank=True)
    created = models.DateTimeField(_("given"), default=timezone.now, db_index=True)

    objects = PrimaryManager.from_queryset(ConsentQuerySet)()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.created:%Y-%m-%d %H:%M}"
