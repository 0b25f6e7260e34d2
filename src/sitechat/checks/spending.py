"""What will it cost, and will the model be there tomorrow?"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.checks import CheckMessage, Info, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Sum
from django.utils import timezone
from django.utils.module_loading import import_string

from sitechat import prices
from sitechat.chatbot import Chatbot
from sitechat.conf import conf
from sitechat.owner.models import Summary

DEAR = Decimal(20)
"""Dollars per million output tokens from which a model is called dear."""

DEAR_PROMPT = Decimal(1)
"""Dollars a day for the system prompt alone."""

ASSUMED_REPLIES = 1000
"""Replies a day of a site that has had none yet."""

CHARACTERS_PER_TOKEN = 3
CACHEABLE = 4096
"""Tokens of a prompt that every model caches."""

WRITES = Decimal("0.1")
"""The share of replies that find no warm cache, and write it."""


def bots() -> Iterator[Chatbot]:
    """The bots of CHAT_BOTS that tell their model; of the others nothing is known here."""
    value = conf.CHAT_BOTS
    for name, path in value.items() if isinstance(value, dict) else ():
        try:
            bot = import_string(path)(name)
            usable = isinstance(bot, Chatbot) and bool(bot.model)
        except Exception:  # noqa: S112 - a bot's class is the site's code
            continue
        if usable:
            yield bot


def check_models(**kwargs: Any) -> Iterator[CheckMessage]:
    retiring = retiring_models()
    for bot in bots():
        base = prices.base_name(bot.model)
        when = retiring.get(bot.model) or next(
            (date for model, date in retiring.items() if prices.base_name(model) == base), None
        )
        if when:
            yield Warning(
                f"The model {bot.model} of the bot {bot.name!r} is deprecated; Anthropic ends it "
                f"on {when}.",
                hint="Choose a newer model, and try it with chat_eval before.",
                id="sitechat.W007",
            )
        price = prices.price(bot.model)
        if prices.known(bot.model) and price.output >= DEAR:
            cheapest = min(prices.PRICES, key=lambda model: prices.PRICES[model].output)
            yield Info(
                f"The model {bot.model} of the bot {bot.name!r} costs ${price.output} per million "
                f"tokens of answers; {cheapest} costs ${prices.PRICES[cheapest].output}.",
                hint="Smaller models often answer questions about a site as well: try with "
                "chat_eval.",
                id="sitechat.I001",
            )


def retiring_models() -> dict[str, str]:
    """Models that Anthropic ends, and when, as the installed SDK knows them."""
    try:
        messages = importlib.import_module("anthropic.resources.messages")
    except ImportError:
        return {}
    return dict(getattr(messages, "DEPRECATED_MODELS", {}))


def check_prompts(**kwargs: Any) -> Iterator[CheckMessage]:
    for bot in bots():
        tokens = len(_prompt(bot)) // CHARACTERS_PER_TOKEN
        try:
            replies = replies_a_day(bot.name)
        except (DatabaseError, ImproperlyConfigured):
            return  # before the first migrate
        daily = prompt_dollars(bot, tokens) * (replies or ASSUMED_REPLIES)
        if daily > DEAR_PROMPT:
            by = f"{replies} replies a day" if replies else f"{ASSUMED_REPLIES} replies a day"
            yield Warning(
                f"The system prompt of the bot {bot.name!r} has about {tokens} tokens, which cost "
                f"about ${daily:.2f} a day at {by}.",
                hint="Shorten it, move facts to the site's pages, which are searched, or use a "
                "cheaper model.",
                id="sitechat.W009",
            )


def _prompt(bot: Chatbot) -> str:
    """The bot's system prompt; empty where the site's code can't tell it without a visitor."""
    from sitechat.owner.asking import anonymous_request

    try:
        return str(bot.system_prompt(anonymous_request()))
    except Exception:
        return ""


def prompt_dollars(bot: Chatbot, tokens: int) -> Decimal:
    """Dollars for the prompt in one reply."""
    price = prices.price(bot.model)
    each = price.input
    if bot.caching and tokens >= CACHEABLE:
        each = price.cache_read * (1 - WRITES) + price.cache_write * WRITES
    return tokens * each / prices.MILLION


def replies_a_day(bot: str) -> int:
    """The mean of the last week; 0 where there were none."""
    since = timezone.now() - timedelta(days=7)
    week = Summary.objects.filter(period=Summary.Period.DAY, bot=bot, start__gte=since)
    return int(week.aggregate(replies=Sum("replies"))["replies"] or 0) // 7
