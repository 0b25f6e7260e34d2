"""Tests of the lifetime of Claude's cache: chosen by traffic or set, and paid at its price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.claude import usage_costs
from sitechat.conversations.prompt_cache import caches_for_hour, pays_off
from sitechat.models import Usage
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor

MINUTE = timedelta(minutes=1)
PROMPT = "Our bakery is old. " * 600
"""More tokens than a model's least prefix."""


def rows(*minutes_ago: float, bot: str = "default", model: str = "claude-opus-4-7") -> None:
    now = timezone.now()
    Usage.objects.bulk_create(
        [Usage(bot=bot, model=model, created=now - MINUTE * each) for each in minutes_ago]
    )


@pytest.mark.parametrize(
    ("minutes", "pays"),
    [
        ([1] * 20, False),
        ([1] * 19 + [10], True),
        ([1] * 39 + [10], False),
        ([20] * 20, True),
        ([20] * 9, False),
        ([90] * 20, False),
        ([1] * 10 + [10] * 2 + [90] * 8, False),
        ([5] * 20, False),
        ([60] * 20, True),
    ],
)
def test_the_price_decides(minutes: list[int], pays: bool) -> None:
    price = usage_costs.price("claude-opus-4-7")
    assert pays_off([MINUTE * each for each in minutes], price) is pays


@pytest.mark.django_db
def test_it_is_chosen_by_the_bots_own_traffic() -> None:
    bot = Chatbot()
    rows(*range(0, 400, 20), bot="other")
    rows(*range(0, 400, 20), model="claude-haiku-5-5")
    assert not caches_for_hour(bot)
    cache.clear()
    rows(*range(0, 400, 20))
    assert caches_for_hour(bot)
    Usage.objects.all().delete()
    assert caches_for_hour(bot), "it is measured again after some minutes"


def client() -> None:
    """Stand for a client of the site's own, which is not asked here."""


@pytest.mark.django_db
def test_another_server_is_not_asked_for_it_unless_the_bot_says_so(settings: Settings) -> None:
    settings.CHAT_CLIENT = f"{__name__}.client"
    rows(*range(0, 400, 20))
    bot = Chatbot()
    assert not caches_for_hour(bot)
    bot.cache_lifetime = "1h"
    assert caches_for_hour(bot)
    bot.caching = False
    assert not caches_for_hour(bot)


class HourBot(Chatbot):
    cache_lifetime = "1h"
    search = False


def test_it_is_booked_at_its_price(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.HourBot"}
    settings.CHAT_SYSTEM_PROMPT = PROMPT
    claude_standin.always(Answer("Yes."))
    visitor.ask("Are you open?")
    [record] = claude_standin.requests
    assert record.body["system"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert record.usage is not None
    written = record.usage["cache_creation"]["ephemeral_1h_input_tokens"]
    assert written > 2048
    usage = Usage.objects.get()
    assert usage.cache_write_1h_tokens == usage.cache_write_tokens == written
    plain = usage.input_tokens * Decimal(5) + usage.output_tokens * Decimal(25)
    assert usage.dollars == (plain + written * Decimal(10)) / 1_000_000
    claude_standin.advance(1800)
    visitor.ask("And tomorrow?")
    assert Usage.objects.latest("created").cache_read_tokens == written


def test_a_server_that_does_not_split_its_writes_is_booked_at_the_higher_price(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.HourBot"}
    counts = {"input_tokens": 10, "cache_creation_input_tokens": 1000, "output_tokens": 5}
    claude_standin.script(Answer("Yes.", usage={**counts, "cache_creation": None}))
    visitor.ask("Are you open?")
    usage = Usage.objects.get()
    assert usage.cache_write_1h_tokens == 1000
    assert usage.dollars == Decimal(10 * 5 + 1000 * 10 + 5 * 25) / 1_000_000


def test_the_reservation_covers_it(visitor: Visitor, settings: Settings) -> None:
    price = usage_costs.price("claude-opus-4-7")
    some = usage_costs.max_dollars("claude-opus-4-7", input_tokens=100, max_tokens=0, for_hour=40)
    assert some == (60 * price.cache_write + 40 * price.cache_write_1h) / 1_000_000


class BrokenCache(LocMemCache):
    """A cache that can be read, and fails when it is written."""

    def set(self, *args: Any, **kwargs: Any) -> None:
        raise OSError("gone")


@pytest.mark.django_db
def test_a_cache_that_is_down_breaks_nothing(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}
    rows(*range(0, 400, 20))
    assert not caches_for_hour(Chatbot())
