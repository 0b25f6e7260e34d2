"""Answers that staff of the site have written or approved."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.runtime.database import PrimaryManager


class ApprovedAnswer(models.Model):
    """The site's own answer to a question. It takes precedence over the site's pages."""

    class Audience(models.TextChoices):
        """Who gets the answer."""

        PUBLIC = "public", _("Everybody")
        AUTHENTICATED = "authenticated", _("Logged-in users")
        STAFF = "staff", _("Staff")

    title = models.CharField(
        _("title"), max_length=200, help_text=_("Visitors see it as the source of the answer.")
    )
    questions = models.TextField(
        _("questions"),
        help_text=_("The question as visitors may ask it, one wording per line."),
    )
    answer = models.TextField(_("answer"), help_text=_("In Markdown."))
    url = models.CharField(
        _("link"),
        max_length=500,
        blank=True,
        help_text=_("A page to link the title to, such as /help/parking/. May be empty."),
    )
    bots = models.JSONField(
        _("bots"),
        default=list,
        blank=True,
        help_text=_("The bots that give the answer; all if none is chosen."),
    )
    language = models.CharField(
        _("language"),
        max_length=16,
        blank=True,
        help_text=_("Only for questions in this language, or on pages in it."),
    )
    audience = models.CharField(
        _("audience"), max_length=16, choices=Audience.choices, default=Audience.PUBLIC
    )
    active = models.BooleanField(
        _("active"), default=True, help_text=_("Bots do not get answers that are not active.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
        db_constraint=False,  # see Conversation.user
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("changed"), auto_now=True)
    # The concatenated vectors of the questions (see `Passage.vector`), and their embedder.
    vectors = models.BinaryField(null=True, editable=False)
    embedder = models.CharField(max_length=200, blank=True, default="", editable=False)
    # The random id of the form. It shows that a form was sent twice.
    form_id = models.UUIDField(null=True, unique=True, editable=False)

    objects = PrimaryManager["ApprovedAnswer"]()

    EDITED_FIELDS = (
        *("title", "questions", "answer", "url"),
        *("bots", "language", "audience", "active"),
    )
    """The fields that staff edit."""

    class Meta:
        verbose_name = _("approved answer")
        verbose_name_plural = _("approved answers")
        indexes = [models.Index(fields=["updated"], name="sitechat_answer_updated")]

    def __str__(self) -> str:
        return self.title

    @property
    def wordings(self) -> list[str]:
        """The wordings of the question: the lines of `questions`, stripped, without blank lines."""
        return [line.strip() for line in self.questions.splitlines() if line.strip()]
