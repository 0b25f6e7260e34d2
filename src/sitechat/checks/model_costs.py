"""Check the cost of models and prompts, and whether models will be retired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.checks import CheckMessage, Info, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot, usable_bots
from sitechat.checks.bots import model_names
from sitechat.claude import catalog, usage_costs
from sitechat.models import Summary
from sitechat.reports.asking_bots import anonymous_visit

EXPENSIVE = Decimal(20)
"""A model is expensive if a million output tokens cost at least this many dollars."""

EXPENSIVE_PROMPT = Decimal(1)
"""A system prompt is expensive if it costs more than this many dollars a day."""

ASSUMED_REPLIES = 1000
"""Assumed number of replies a day for a site that has no replies yet."""

CHARACTERS_PER_TOKEN = 3
"""Assumed characters of a prompt per token. English text has about four, other languages fewer."""

MIN_CACHED_TOKENS = 4096
"""Minimum tokens of a prompt that is cached, for models that are not in the catalog."""

CACHE_MISSES = Decimal("0.1")
"""The assumed share of replies that write the prompt into the cache instead of reading it."""


def check_model_costs(**kwargs: Any) -> Iterator[CheckMessage]:
    """W007, I001: a model is deprecated or was retired, or a bot's `model` is expensive."""
    today = timezone.now().date()
    for bot in usable_bots():
        yield from _deprecated_models(bot, today)
        if usage_costs.has_price(bot.model) and usage_costs.price(bot.model).output >= EXPENSIVE:
            yield _expensive_model(bot, today)


def _deprecated_models(bot: Chatbot, today: date) -> Iterator[CheckMessage]:
    for name in model_names(bot):
        model = catalog.find(name)
        if model is None or not model.deprecated:
            continue
        text = (
            _(
                "The model %(model)s of the bot %(bot)r is deprecated; Anthropic ended it on "
                "%(date)s."
            )
            if model.is_retired(today)
            else _(
                "The model %(model)s of the bot %(bot)r is deprecated; Anthropic ends it on "
                "%(date)s."
            )
        )
        yield Warning(
            text % {"model": name, "bot": bot.name, "date": f"{model.retires:%Y-%m-%d}"},
            hint=_("Choose a newer model, and try it with chat_eval first."),
            id="sitechat.W007",
        )


def _expensive_model(bot: Chatbot, today: date) -> CheckMessage:
    cheapest = min(catalog.not_retired(today), key=lambda each: each.price.output)
    return Info(
        _(
            "The model %(model)s of the bot %(bot)r costs $%(price)s per million "
            "tokens of answers; %(cheapest)s costs $%(cheapest_price)s."
        )
        % {
            "model": bot.model,
            "bot": bot.name,
            "price": usage_costs.price(bot.model).output,
            "cheapest": cheapest.name,
            "cheapest_price": cheapest.price.output,
        },
        hint=_("Smaller models often answer questions about a site as well: try with chat_eval."),
        id="sitechat.I001",
    )


def check_prompts(**kwargs: Any) -> Iterator[CheckMessage]:
    """W009: a system prompt costs more than EXPENSIVE_PROMPT."""
    for bot in usable_bots():
        tokens = len(_prompt(bot)) // CHARACTERS_PER_TOKEN
        try:
            replies = replies_a_day(bot.name)
        except (DatabaseError, ImproperlyConfigured):
            return  # before the first migrate
        daily = prompt_dollars(bot, tokens) * (replies or ASSUMED_REPLIES)
        if daily > EXPENSIVE_PROMPT:
            yield Warning(
                _(
                    "The system prompt of the bot %(bot)r has about %(tokens)s tokens, which cost "
                    "about $%(dollars)s a day at %(replies)s replies a day."
                )
                % {
                    "bot": bot.name,
                    "tokens": tokens,
                    "dollars": f"{daily:.2f}",
                    "replies": replies or ASSUMED_REPLIES,
                },
                hint=_(
                    "Shorten it, move facts to the site's pages, which are searched, or use "
                    "a cheaper model."
                ),
                id="sitechat.W009",
            )


def _prompt(bot: Chatbot) -> str:
    """Return the system prompt for an anonymous visitor; "" if the bot raises an exception."""
    try:
        return str(bot.system_prompt(anonymous_visit().request))
    except Exception:
        return ""


def prompt_dollars(bot: Chatbot, tokens: int) -> Decimal:
    """Return the mean cost of a prompt in one reply, in dollars, with Claude's cache if it is used.

    Args:
        bot: The bot, with its model.
        tokens: The length of the prompt.
    """
    price, model = usage_costs.price(bot.model), catalog.find(bot.model)
    per_million = price.input
    if bot.caching and tokens >= (MIN_CACHED_TOKENS if model is None else model.min_prefix):
        per_million = price.cache_read * (1 - CACHE_MISSES) + price.cache_write * CACHE_MISSES
    return tokens * per_million / usage_costs.MILLION


def replies_a_day(bot: str) -> int:
    """Return the mean number of replies a day in the last week, rounded down."""
    since = timezone.now() - timedelta(days=7)
    week = Summary.objects.filter(period=Summary.Period.DAY, bot=bot, start__gte=since)
    return int(week.aggregate(replies=Sum("replies"))["replies"] or 0) // 7
