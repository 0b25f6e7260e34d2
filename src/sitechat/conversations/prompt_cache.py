"""The choice of how long Claude keeps a bot's system prompt and tools in its prompt cache.

Each read of an entry renews its lifetime. So five minutes are enough if there is a reply at least
every five minutes. An entry of one hour costs more to write. It pays off if many replies come 5 to
60 minutes after the previous one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone

from sitechat.chatbot import Chatbot
from sitechat.claude import usage_costs
from sitechat.claude.catalog import Price
from sitechat.conf import conf
from sitechat.models import Usage
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.turns")

SHORT, LONG = timedelta(minutes=5), timedelta(hours=1)
"""The lifetimes of entries in Claude's cache."""

MEASURED = timedelta(days=1)
"""The maximum age of the replies whose gaps are measured."""

NEWEST_REPLIES = 1000
"""The maximum number of replies that are read to measure the gaps, of all bots together."""

MIN_GAPS = 10
"""Minimum number of gaps between replies for a decision."""

MIN_SHARE = Decimal("0.05")
"""Minimum share of gaps that are longer than SHORT but not longer than LONG."""

VALID_FOR = 600
"""Seconds for which a decision is kept in the site's cache."""


def caches_for_hour(bot: Chatbot) -> bool:
    """Return whether the bot's system prompt and tools are cached for one hour.

    `Chatbot.cache_lifetime` decides. If it is "auto", the times of the last replies decide. With
    `CHAT_CLIENT`, "auto" is never one hour, because not every server supports one hour.

    Raises:
        DatabaseError: The replies can't be read.
    """
    if not bot.caching:
        return False
    if bot.cache_lifetime != "auto":
        return bot.cache_lifetime == "1h"
    if conf.CHAT_CLIENT:
        return False
    key = f"sitechat:cache-lifetime:{bot.name}:{bot.model}"
    try:
        known = cache.get(key)
        if known is None:
            known = pays_off(gaps(bot.name, bot.model), usage_costs.price(bot.model))
            cache.set(key, known, VALID_FOR)
    except DatabaseError:
        raise
    except Exception:  # the site's cache is down; the shorter lifetime always works
        logger.warning(
            "The site's cache does not answer, so Claude caches for five minutes", exc_info=True
        )
        return False
    return bool(known)


def gaps(bot: str, model: str) -> list[timedelta]:
    """Return the times between consecutive replies of a bot with a model.

    Only replies of the last day are read, and only the NEWEST_REPLIES of all bots together.
    """
    since = timezone.now() - MEASURED
    rows = Usage.objects.filter(created__gte=since).order_by("-created")
    newest = rows.values_list("created", "bot", "model")[:NEWEST_REPLIES]
    times: list[datetime] = [created for created, *names in newest if names == [bot, model]]
    return [later - earlier for later, earlier in pairwise(times)]


def pays_off(measured: Sequence[timedelta], price: Price) -> bool:
    """Return whether the one-hour cache would have been cheaper for replies with these gaps.

    Return False if there are too few gaps for a decision (see MIN_GAPS and MIN_SHARE).

    Args:
        measured: The times between consecutive replies.
        price: The price of the model.
    """
    between = sum(SHORT < gap <= LONG for gap in measured)
    if len(measured) < MIN_GAPS or between < MIN_SHARE * len(measured):
        return False
    short = _cost(measured, SHORT, price.cache_write, price.cache_read)
    return _cost(measured, LONG, price.cache_write_1h, price.cache_read) < short


def _cost(
    measured: Sequence[timedelta], lifetime: timedelta, write: Decimal, read: Decimal
) -> Decimal:
    """Return the dollars that replies with these gaps cost, for a million tokens in the cache."""
    reads = sum(gap <= lifetime for gap in measured)
    return reads * read + (len(measured) - reads) * write
