from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from sitechat.claude import usage_costs
from sitechat.claude.token_usage import TokenUsage
from sitechat.ledger.limits import (
    EXAMPLES,
    NANO,
    PERIODS,
    SCOPES,
    UNITS,
    Limit,
    current_limits,
    nano_dollars,
    problems,
    readable_amount,
    window,
)

NOON = datetime(2026, 2, 28, 12, 34, 56, tzinfo=timezone.utc)


def test_the_default_limits_are_the_documented_ones() -> None:
    assert [f"{limit.scope}: {limit}" for limit in current_limits()] == [
        "session: 20 messages/hour",
        "session: 100000 tokens/day",
        "ip: 60 messages/hour",
        "site: 20 usd/day",
    ]


@pytest.mark.parametrize(
    ("scope", "unit", "period"),
    sorted(set(product(SCOPES, UNITS, PERIODS)) - set(product(["ip"], UNITS, ["month"]))),
)
def test_every_scope_unit_and_period_can_be_limited(scope: str, unit: str, period: str) -> None:
    with override_settings(CHAT_LIMITS={scope: [f"3 {unit}/{period}"]}):
        cap = 3 * NANO if unit == "usd" else 3
        assert current_limits() == (Limit(scope=scope, unit=unit, period=period, cap=cap),)


@override_settings(CHAT_LIMITS={"site": (" 0.75 usd / day ",), "user": [], "ip": ["1 usd/hour"]})
def test_spaces_fractions_of_dollars_and_empty_lists_are_fine() -> None:
    assert [str(limit) for limit in current_limits()] == ["0.75 usd/day", "1 usd/hour"]


@override_settings(CHAT_LIMITS={})
def test_a_site_may_have_no_limits() -> None:
    assert current_limits() == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, '{"session": ["20 messages/hour"]'),
        (["20 messages/hour"], '{"session": ["20 messages/hour"]'),
        ({"sesion": ["20 messages/hour"]}, "scopes are session, ip, user, site"),
        ({1: ["20 messages/hour"]}, "scopes are session, ip, user, site"),
        ({"site": "20 usd/day"}, 'write a list such as ["20 usd/day"]'),
        ({"site": None}, 'write a list such as ["20 usd/day"]'),
        ({"site": {"20 usd/day"}}, 'write a list such as ["20 usd/day"]'),
        ({"ip": [60]}, '"60 messages/hour"'),
        ({"ip": [["60 messages/hour"]]}, '"60 messages/hour"'),
        ({"ip": ["60/hour"]}, "units are messages, tokens, usd"),
        ({"ip": ["60 messages"]}, "periods minute, hour, day, month"),
        ({"ip": ["60 messages/week"]}, "periods minute, hour, day, month"),
        ({"ip": ["-60 messages/hour"]}, '"60 messages/hour"'),
        ({"ip": ["60 messages/hour\n\n20 usd/day"]}, '"60 messages/hour"'),
        ({"ip": ["٣ messages/hour"]}, '"60 messages/hour"'),
        ({"ip": ["1.5 messages/hour"]}, "whole numbers"),
        ({"ip": ["0 messages/hour"]}, "above 0"),
        ({"site": ["0.00 usd/day"]}, "above 0"),
        ({"site": ["0.0000000001 usd/day"]}, "billionth"),
        ({"site": ["99999999999999999999 usd/day"]}, "at most"),
        ({"ip": ["9 messages/hour", "8 messages/hour"]}, "twice"),
        ({"ip": ["600 messages/month"]}, "key changes daily"),
    ],
)
def test_a_bad_value_is_told_with_a_right_one(value: Any, said: str) -> None:
    (problem,) = problems(value)
    assert "CHAT_LIMITS" in problem
    assert said in problem
    with override_settings(CHAT_LIMITS=value), pytest.raises(ImproperlyConfigured):
        current_limits()


def test_every_bad_entry_is_told() -> None:
    assert len(problems({"nobody": [], "ip": ["x", "y"], "site": ["20 usd/day"]})) == 3


@pytest.mark.parametrize("scope", SCOPES)
def test_the_examples_that_problems_show_are_right(scope: str) -> None:
    assert problems({scope: [EXAMPLES[scope]]}) == []


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("minute", "2026-02-28T12:34", "2026-02-28T12:35"),
        ("hour", "2026-02-28T12:00", "2026-02-28T13:00"),
        ("day", "2026-02-28T00:00", "2026-03-01T00:00"),
        ("month", "2026-02-01T00:00", "2026-03-01T00:00"),
    ],
)
def test_windows_are_those_of_the_calendar_in_utc(period: str, start: str, end: str) -> None:
    frame = window(period, NOON)
    assert frame.start.isoformat() == f"{start}:00+00:00"
    assert frame.end.isoformat() == f"{end}:00+00:00"


def test_a_window_is_the_same_in_every_time_zone() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert [window(period, tokyo) for period in PERIODS] == [window(p, NOON) for p in PERIODS]


@pytest.mark.parametrize("period", PERIODS)
def test_the_end_of_a_window_begins_the_next(period: str) -> None:
    frame = window(period, NOON)
    after = window(period, frame.end)
    assert after.start == frame.end
    assert after.name != frame.name
    assert window(period, frame.end - timedelta(microseconds=1)) == frame


def test_december_ends_with_the_year() -> None:
    assert window("month", datetime(2026, 12, 31, tzinfo=timezone.utc)).end.year == 2027


def test_dollars_are_booked_rounded_up_and_shown_rounded_down() -> None:
    assert nano_dollars(Decimal("0.0000000001")) == 1
    assert nano_dollars(Decimal("1.5")) == 1_500_000_000
    assert readable_amount("usd", 1_999_999_999) == Decimal("1.9999")
    assert f"{readable_amount('usd', 100 * NANO):f}" == "100"
    assert readable_amount("tokens", 7) == 7


# The worked tables of the documentation

MONTH = {"minute": 31 * 24 * 60, "hour": 31 * 24, "day": 31, "month": 1}


def table_rows(pattern: str) -> list[tuple[str, ...]]:
    page = Path(__file__).resolve().parents[2] / "docs" / "limits.md"
    return re.findall(pattern, page.read_text(encoding="utf-8").replace(",", ""))


def test_the_documented_promises_of_dollars_are_right() -> None:
    rows = table_rows(r"\| `([0-9.]+) usd/(\w+)` \| \$([0-9.]+) \| ([^|]+) \|")
    assert len(rows) == len(PERIODS)
    for amount, period, limits, reason in rows:
        assert Decimal(amount) * MONTH[period] == Decimal(limits)
        assert period == "month" or f"has {MONTH[period]} {period}s" in reason


def test_the_documented_costs_of_messages_are_right() -> None:
    dollars = r"\| \$([0-9.]+) \| \$([0-9.]+) \| \$([0-9.]+) \|"
    (common,) = table_rows(rf"\| the eleventh after ten common ones {dollars}")
    rows = table_rows(rf"\| `(\d+) messages/(\w+)` common ones per \w+ and month {dollars}")
    assert len(rows) == 2
    for amount, period, *limits in rows:
        assert [int(amount) * MONTH[period] * Decimal(each) for each in common] == [
            Decimal(each) for each in limits
        ]


def test_the_documented_costs_of_tokens_are_right() -> None:
    models = ("claude-opus-4-7", "claude-sonnet-5-5", "claude-haiku-4-5")
    assert table_rows(r"\| \| `([^`]*)` \| `([^`]*)` \| `([^`]*)` \|") == [models]
    (row,) = table_rows(r"\| `(\d+) tokens/(\w+)`[^|]* \| \$(\S+) \| \$(\S+) \| \$(\S+) \|")
    amount, period, *limits = row
    for model, dollars in zip(models, limits, strict=True):
        daily = usage_costs.cost(model, TokenUsage(output_tokens=int(amount)))
        assert daily * MONTH[period] == Decimal(dollars)
