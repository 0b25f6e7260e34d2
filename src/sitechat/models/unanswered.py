"""The model of unanswered questions."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.runtime.database import PrimaryManager


class UnansweredQuerySet(models.QuerySet["Unanswered"]):
    """Queries for unanswered questions."""

    def open(self) -> UnansweredQuerySet:
        """Return the questions that are not done.

        A question is also done if the visitor has rated its reply with a thumb up. A question that
        was listed because of a thumb down is done when the visitor removes the thumb down. While
        `rating` is NULL, only `done` decides.
        """
        return self.filter(Unanswered.open_condition())

    def mark_done(self, ids: list[int]) -> int:
        """Mark the questions as done, except questions that are done already; return the number."""
        return self.filter(pk__in=ids, done=None).update(done=timezone.now())

    def reopen(self, ids: list[int]) -> int:
        """Mark questions as not done; return the number of questions."""
        return self.filter(pk__in=ids).update(done=None)


class Unanswered(models.Model):
    """A question whose reply did not help. `reports.unanswered_questions` creates the rows."""

    class Reason(models.TextChoices):
        """Why the reply is seen as not helpful."""

        UNKNOWN = "unknown", _("did not know")
        DISLIKED = "disliked", _("thumb down")
        RETRIED = "retried", _("asked again")

    conversation = models.ForeignKey(
        "sitechat.Conversation",
        on_delete=models.CASCADE,
        related_name="unanswered",
        verbose_name=_("conversation"),
    )
    reply = models.OneToOneField(
        "sitechat.Message",
        on_delete=models.CASCADE,
        related_name="unanswered",
        verbose_name=_("reply"),
    )
    reason = models.CharField(_("reason"), max_length=16, choices=Reason.choices)
    # A copy of the reply's rating, so that lists need not read the replies. Processes of the
    # previous version insert rows without it; the cleanup then replaces NULL by the rating.
    rating = models.SmallIntegerField(null=True, editable=False)
    question = models.TextField(_("question"), blank=True)
    language = models.CharField(  # noqa: DJ001 - rows of earlier versions have none
        _("language"), max_length=16, null=True, blank=True
    )
    # Similar questions have the same group: the id of the reply to one of these questions. If the
    # site has an embedder, the row of this reply also has the vector of its question. `group` is
    # NULL until the question has been compared with the others.
    group = models.UUIDField(null=True, editable=False)
    vector = models.BinaryField(null=True, editable=False)
    created = models.DateTimeField(_("asked"), db_index=True)
    done = models.DateTimeField(_("done"), null=True, blank=True, db_index=True)

    objects = PrimaryManager.from_queryset(UnansweredQuerySet)()

    class Meta:
        verbose_name = _("unanswered question")
        verbose_name_plural = _("unanswered questions")
        default_permissions = ("view", "change")
        indexes = [models.Index(fields=["group"], name="sitechat_unanswered_group")]

    def __str__(self) -> str:
        return f"{self.reason} {self.created:%Y-%m-%d %H:%M}"

    @staticmethod
    def open_condition(prefix: str = "") -> models.Q:
        """Return the condition for open questions; see `UnansweredQuerySet.open`.

        Args:
            prefix: The lookup path to the unanswered question, such as `"unanswered__"`.
        """
        disliked = models.Q(**{f"{prefix}reason": Unanswered.Reason.DISLIKED})
        unknown_rating = models.Q(**{f"{prefix}rating": None})
        return models.Q(**{f"{prefix}done": None, f"{prefix}pk__isnull": False}) & (
            unknown_rating
            | models.Q(**{f"{prefix}rating__lt": 0})
            | (~disliked & models.Q(**{f"{prefix}rating": 0}))
        )
