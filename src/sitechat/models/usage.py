"""Models of usage and cost per reply, and of the counters behind limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.models.conversation_choices import Asker, Status
from sitechat.models.conversations import Conversation
from sitechat.models.messages import Message
from sitechat.runtime.database import PrimaryManager

TOKENS = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "thinking_tokens",
    }
)
"""The fields with numbers of tokens."""

SUMMED = TOKENS | {"dollars", "total_ms"}
"""Fields that are added up if a reply continues after a question to the visitor."""


class Usage(models.Model):
    """The tokens, cost and times of one reply.

    Rows are kept, without their links, after the conversation is deleted.
    """

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
    # NULL means a visitor. So adding the column rewrites no large table, and processes of the
    # previous version can still insert rows during a deployment.
    command = models.CharField(  # noqa: DJ001
        _("asked by"),
        max_length=32,
        choices=Asker.choices,
        null=True,
        blank=True,
        help_text=_("Who asked the question if no visitor did; empty for visitors."),
    )
    bot = models.CharField(_("bot"), max_length=64)
    model = models.CharField(_("model"), max_length=128)
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    cache_read_tokens = models.PositiveIntegerField(_("cache-read tokens"), default=0)
    cache_write_tokens = models.PositiveIntegerField(_("cache-write tokens"), default=0)
    cache_write_1h_tokens = models.IntegerField(
        _("1-hour cache-write tokens"),
        null=True,
        blank=True,
        help_text=_("Kept by Claude for an hour; included in cache-write tokens."),
    )
    thinking_tokens = models.IntegerField(
        _("thinking tokens"),
        null=True,
        blank=True,
        help_text=_("The output tokens spent on thinking; included in output tokens."),
    )
    # NULL is allowed, so that processes of the previous version can still insert rows.
    service_tier = models.CharField(_("service tier"), max_length=16, null=True, blank=True)  # noqa: DJ001
    inference_geo = models.CharField(_("region"), max_length=16, null=True, blank=True)  # noqa: DJ001
    by_model = models.JSONField(
        _("by model"),
        null=True,
        blank=True,
        help_text=_("What each model used, if another one took over; included in the rest."),
    )
    refusal_category = models.CharField(  # noqa: DJ001
        _("refusal category"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_("The policy area in which a model refused, as Claude names it."),
    )
    dollars = models.DecimalField(_("dollars"), max_digits=14, decimal_places=8, default=0)
    estimated = models.BooleanField(
        _("estimated"),
        default=False,
        help_text=_("Claude reported no usage, so it was estimated."),
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
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.model} {self.dollars}"

    def added_to(self, earlier: Usage | None) -> Usage:
        """Add this usage to the earlier usage of the same reply, and return the sum.

        A reply continues after the visitor has answered a question, such as whether a tool may run.
        The fields in SUMMED are added up, and `by_model` for each model. The time of creation and
        the time to the first token are kept from the earlier usage. The sum is marked as estimated
        if one of the two is, and it keeps an earlier refusal category if this usage has none. All
        other fields, such as the status, come from this usage.

        Returns:
            The earlier usage, changed but not saved; this usage if there is no earlier one.
        """
        if earlier is None:
            return self
        self.by_model = _merged([*earlier.shares(), *self.shares()])
        self.refusal_category = self.refusal_category or earlier.refusal_category
        for field in self._meta.concrete_fields:
            name = field.attname
            if name in SUMMED:
                before, after = getattr(earlier, name), getattr(self, name)
                values = [value for value in (before, after) if value is not None]
                setattr(earlier, name, sum(values) if values else None)
            elif name not in ("id", "created", "first_token_ms", "estimated"):
                setattr(earlier, name, getattr(self, name))
        earlier.estimated = earlier.estimated or self.estimated
        return earlier

    def shares(self) -> list[dict[str, Any]]:
        """Return the usage of each model as JSON values, even if only one model answered."""
        if self.by_model:
            return list(self.by_model)
        counts = {name: getattr(self, name) or 0 for name in TOKENS}
        return [{"model": self.model, **counts, "dollars": str(self.dollars)}]

    def take_back(self, input_tokens: int, output_tokens: int, dollars: Decimal) -> None:
        """Subtract the usage that was assumed when the reply's process seemed to have died.

        Save the row, or delete it if no input tokens and no output tokens are left.
        """
        if self.input_tokens <= input_tokens and self.output_tokens <= output_tokens:
            self.delete()
            return
        self.input_tokens = max(0, self.input_tokens - input_tokens)
        self.output_tokens = max(0, self.output_tokens - output_tokens)
        self.dollars = max(Decimal(0), self.dollars - dollars)
        self.save()


def _merged(shares: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Add up the shares of each model. Return one share per model; None if there is only one."""
    merged: dict[str, dict[str, Any]] = {}
    for share in shares:
        earlier = merged.get(share["model"])
        merged[share["model"]] = share if earlier is None else _sum(earlier, share)
    return [*merged.values()] if len(merged) > 1 else None


def _sum(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the sum of two shares of one model."""
    counts = {name: first[name] + second[name] for name in first.keys() & TOKENS}
    dollars = Decimal(first["dollars"]) + Decimal(second["dollars"])
    return {**first, **counts, "dollars": str(dollars)}


class Counter(models.Model):
    """What one identity has used of one limit in one window; see `sitechat.ledger`.

    A window is one period of a limit, such as one hour. `spent` includes `reserved`, the amount
    that is set aside for running replies. NULL in `reserved` means 0, because processes of the
    previous version insert rows without it.
    """

    key = models.CharField(max_length=160, primary_key=True)
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(null=True)
    expires = models.DateTimeField(db_index=True)
    # Whether the signals of this window were sent: `budget_nearly_reached` (`warned`), and
    # `budget_reached` or `limit_reached` (`reached`).
    warned = models.BooleanField(default=False)
    reached = models.BooleanField(default=False)

    objects = PrimaryManager["Counter"]()

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
