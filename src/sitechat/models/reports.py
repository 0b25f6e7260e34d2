"""Models of usage summaries, unanswered questions and regular jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.runtime.database import PrimaryManager


class Summary(models.Model):
    """The usage of one bot and model in one hour or day (UTC).

    The rows are sums of `Usage`, so that a page about a year does not read a year of replies. The
    rows of an hour can be computed again from `Usage` at any time.
    """

    class Period(models.TextChoices):
        """The length of a summary."""

        HOUR = "hour", _("hour")
        DAY = "day", _("day")

    period = models.CharField(_("period"), max_length=8, choices=Period.choices)
    start = models.DateTimeField(_("start"))
    bot = models.CharField(_("bot"), max_length=64)
    model = models.CharField(_("model"), max_length=128)
    replies = models.PositiveIntegerField(_("replies"), default=0)
    conversations = models.PositiveIntegerField(_("new conversations"), default=0)
    visits = models.PositiveIntegerField(_("visits"), default=0)
    input_tokens = models.BigIntegerField(_("input tokens"), default=0)
    output_tokens = models.BigIntegerField(_("output tokens"), default=0)
    cache_read_tokens = models.BigIntegerField(_("cache-read tokens"), default=0)
    cache_write_tokens = models.BigIntegerField(_("cache-write tokens"), default=0)
    dollars = models.DecimalField(_("dollars"), max_digits=18, decimal_places=8, default=0)
    estimated = models.PositiveIntegerField(_("estimated"), default=0)
    errors = models.PositiveIntegerField(_("errors"), default=0)
    refusals = models.PositiveIntegerField(_("refusals"), default=0)
    first_token_ms = models.JSONField(_("first token"), default=dict)
    total_ms = models.JSONField(_("total time"), default=dict)

    objects = PrimaryManager["Summary"]()

    class Meta:
        verbose_name = _("usage summary")
        verbose_name_plural = _("usage summaries")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["period", "start", "bot", "model"], name="sitechat_summary_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.start:%Y-%m-%d %H:%M} {self.bot} {self.model}"


class PeriodCounts(models.Model):
    """The numbers of conversations, ratings and contacts of one week or month.

    The rows are kept after the conversations are deleted, so that reports can compare periods.
    """

    period = models.CharField(max_length=8)
    start = models.DateTimeField()
    counts = models.JSONField(default=dict)

    objects = PrimaryManager["PeriodCounts"]()

    class Meta:
        verbose_name = _("counts of a period")
        verbose_name_plural = _("counts of periods")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["period", "start"], name="sitechat_periodcounts_unique")
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.start:%Y-%m-%d}"


class UnansweredQuerySet(models.QuerySet["Unanswered"]):
    """Queries for unanswered questions."""

    def open(self) -> UnansweredQuerySet:
        """Return the questions that are not done.

        A question also counts as done if the visitor rates its reply with a thumb up, or takes
        back the thumb down because of which it was listed.
        """
        return self.filter(Unanswered.is_open())

    def mark_done(self, ids: list[int]) -> int:
        """Mark open questions as done; return how many."""
        return self.filter(pk__in=ids, done=None).update(done=timezone.now())

    def reopen(self, ids: list[int]) -> int:
        """Mark questions as open again; return how many."""
        return self.filter(pk__in=ids).update(done=None)


class Unanswered(models.Model):
    """A question whose reply did not help; `sitechat.reports.unanswered_questions` detects them."""

    class Reason(models.TextChoices):
        """How it was noticed that the reply did not help."""

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
    # The rating of the reply, so that lists need not read the replies. NULL, because processes of
    # the previous version insert rows without it; the cleanup sets it.
    rating = models.SmallIntegerField(null=True, editable=False)
    question = models.TextField(_("question"), blank=True)
    language = models.CharField(  # noqa: DJ001 - rows of earlier versions have none
        _("language"), max_length=16, null=True, blank=True
    )
    # Similar questions have the same group, which is the id of the reply to one of them. That one
    # also has the vector of its question, if there is an embedder. NULL until the group is known.
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
    def is_open(prefix: str = "") -> models.Q:
        """Return the condition for open questions.

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


class Job(models.Model):
    """The progress of a regular job and the time of its last run."""

    RATED = "rated"
    """The name of the row with the time of the newest thumb down."""

    name = models.CharField(max_length=32, primary_key=True)
    ran = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    objects = PrimaryManager["Job"]()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def progress(cls, name: str) -> datetime | None:
        """Return the time up to which the job has done its work; None if it never ran."""
        return cls.objects.filter(pk=name).values_list("until", flat=True).first()

    @classmethod
    def record(cls, name: str, until: datetime | None = None) -> None:
        """Record that the job ran now and has done its work up to `until`."""
        cls.objects.update_or_create(pk=name, defaults={"ran": timezone.now(), "until": until})

    @classmethod
    def claim(cls, name: str, interval: timedelta) -> bool:
        """Record that the job runs now, unless it ran within `interval`.

        Returns:
            Whether it may run. Only one of several concurrent calls returns True.
        """
        now = timezone.now()
        before = now - interval
        if cls.objects.filter(pk=name, ran__gt=before).exists():
            return False
        Job.objects.bulk_create([Job(name=name, ran=before)], ignore_conflicts=True)
        return bool(cls.objects.filter(pk=name, ran__lte=before).update(ran=now))
