"""Models that reports read: summaries of usage, and weekly and monthly counts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sitechat.runtime.database import PrimaryManager


class Summary(models.Model):
    """The usage of one bot and model in one hour or day (UTC).

    The rows are sums of `Usage`, so that a page about a year does not read the replies of a year.
    The rows of an hour can be computed again from `Usage` at any time.
    """

    class Period(models.TextChoices):
        """The length of a summary."""

        HOUR = "hour", _("hour")
        DAY = "day", _("day")

    period = models.CharField(_("period"), max_length=8, choices=Period.choices)
    start = models.DateTimeField(_("start"))
    bot = models.CharField(_("bot"), max_length=64)
    model = models.CharField(_("model"), max_length=128)
    # A visit ends after half an hour without a reply in the conversation. `estimated` is the number
    # of replies whose usage was estimated.
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
    # Histograms: the number of replies by bucket (`reports.time_histogram`).
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
    `reports.period_counts` writes them. `period` is `week` or `month`.
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
