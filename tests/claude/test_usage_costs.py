"""Tests of the cost of a reply, with prices of the catalog and of the site."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from sitechat.claude import usage_costs
from sitechat.claude.catalog import MODELS, Price
from sitechat.claude.token_usage import TokenUsage


@pytest.mark.parametrize(
    "model",
    [
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5-latest",
        "claude-haiku-4-5@20251001",
        "claude-haiku-4-5@default",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-haiku-4-5-v1",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        "publishers/anthropic/models/claude-haiku-4-5@20251001",
        "anthropic/claude-haiku-4-5",
    ],
)
def test_dated_and_prefixed_ids_have_the_price_of_their_model(model: str) -> None:
    assert usage_costs.has_price(model)
    assert usage_costs.price(model).output == 5


@pytest.mark.parametrize(
    "model", ["claude-opus-9", "gpt-7", "", "claude-", "claude-opus-4-7x", "claude-opus"]
)
def test_an_unknown_model_is_booked_at_the_dearest_price(model: str) -> None:
    assert not usage_costs.has_price(model)
    assert usage_costs.price(model) == Price(*map(Decimal, ("10", "50", "12.5", "20", "1")))


def test_a_retired_model_makes_no_unknown_one_expensive() -> None:
    assert usage_costs.price("claude-mythos-preview").output == 125
    assert usage_costs.highest(date(2026, 11, 28)).output == 50


@override_settings(CHAT_PRICES={"gold": {"input": 1000, "output": 1}})
def test_the_dearest_price_knows_the_sites_own_models() -> None:
    assert usage_costs.price("claude-opus-9").input == 1000
    assert usage_costs.price("claude-opus-9").output == 50


def test_a_reply_costs_each_kind_of_token_at_its_price() -> None:
    usage = TokenUsage(1_000, 100, cache_read_tokens=3_000, cache_write_tokens=300)
    usage.cache_write_1h_tokens = 100
    assert usage_costs.cost("claude-opus-4-7", usage) == sum(
        map(Decimal, ("0.005", "0.0025", "0.0015", "0.00125", "0.001"))
    )


def test_costs_are_exact_to_the_last_token() -> None:
    assert usage_costs.cost("claude-haiku-5-5", TokenUsage(cache_read_tokens=1)) == Decimal(
        "0.00000001"
    )
    assert usage_costs.cost("claude-haiku-5-5", TokenUsage()) == 0


@pytest.mark.parametrize(
    ("geo", "times"), [("us", "1.1"), ("global", "1"), ("not_available", "1"), ("", "1")]
)
def test_claude_in_the_us_alone_costs_a_tenth_more(geo: str, times: str) -> None:
    usage = TokenUsage(1_000, 100, 3_000, 300, 100)
    dollars = usage_costs.cost("claude-opus-4-7", usage)
    usage.inference_geo = geo
    assert usage_costs.cost("claude-opus-4-7", usage) == dollars * Decimal(times)


@pytest.mark.parametrize("model", [*MODELS, "unknown"])
@pytest.mark.parametrize("entire", [0, 1, 4_000, 100_000, 100_001])
@pytest.mark.parametrize("geo", ["us", ""])
def test_nothing_that_a_reply_can_use_costs_more_than_its_worst_case(
    model: str, entire: int, geo: str
) -> None:
    worst = usage_costs.max_dollars(model, input_tokens=entire, max_tokens=1024, in_us=geo == "us")
    for read, write in [(0, 0), (entire, 0), (0, entire), (entire // 2, entire - entire // 2)]:
        usage = TokenUsage(entire - read - write, 1024, read, write, inference_geo=geo)
        assert worst >= usage_costs.cost(model, usage)


@pytest.mark.parametrize(
    ("name", "short", "long"),
    [
        ("input_tokens", "0.1", "0.5"),
        ("cache_read_tokens", "0.01", "0.05"),
        ("cache_write_tokens", "0.125", "0.625"),
    ],
)
def test_a_long_request_has_the_price_of_long_requests(name: str, short: str, long: str) -> None:
    def dollars(tokens: int) -> Decimal:
        usage = TokenUsage(output_tokens=10)
        setattr(usage, name, tokens)
        return usage_costs.cost("claude-haiku-5-5", usage)

    assert dollars(100_000) * usage_costs.MILLION == Decimal(short) * 100_000 + 5
    assert dollars(100_001) * usage_costs.MILLION == Decimal(long) * 100_001 + 25
    with override_settings(CHAT_PRICES={"claude-haiku-5-5": {"input": 1}}):
        assert usage_costs.cost("claude-haiku-5-5", TokenUsage(200_000)) == Decimal("0.2")


@override_settings(CHAT_PRICES={"claude-opus-4-7": {"input": 2.5, "output": 10}})
def test_the_sites_prices_stand_over_the_table() -> None:
    own = usage_costs.price("claude-opus-4-7-20260401")
    assert (own.input, own.output) == (Decimal("2.5"), Decimal(10))
    assert own.cache_read == Decimal("0.50")


@override_settings(CHAT_PRICES={"local-model": {"input": 2, "output": 4, "cache_read": 0}})
def test_a_model_that_only_the_site_knows_caches_at_claudes_multiples() -> None:
    assert usage_costs.has_price("local-model")
    assert usage_costs.price("local-model") == Price(
        Decimal(2), Decimal(4), Decimal("2.5"), Decimal(4), Decimal(0)
    )


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"m": {"input": 0, "output": Decimal("0.1")}},
        {"claude-opus-4-7": {"cache_read": 0.1}},
        {"anthropic.claude-opus-4-7-v1:0": {"input": 6}},
    ],
)
def test_right_prices_have_no_problems(value: Any) -> None:
    assert usage_costs.problems(value) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, '{"my-model": {"input": 3, "output": 15'),
        ({"m": 3}, '{"my-model": {"input": 3, "output": 15'),
        ({7: {}}, '{"my-model": {"input": 3, "output": 15'),
        ({"m": {"input": 1, "output": 1, "inptu": 1}}, "valid keys are input, output, cache_write"),
        ({"m": {"input": "cheap", "output": 1}}, "dollars per million tokens"),
        ({"m": {"input": -1, "output": 1}}, "dollars per million tokens"),
        ({"m": {"input": True, "output": 1}}, "dollars per million tokens"),
        ({"m": {"input": float("nan"), "output": 1}}, "dollars per million tokens"),
        ({"m": {"input": float("inf"), "output": 1}}, "dollars per million tokens"),
        ({"m": {"input": 1}}, "lacks output"),
        ({"m": {}}, "lacks input and output"),
    ],
)
def test_wrong_prices_are_told_with_right_ones(value: Any, said: str) -> None:
    (problem,) = usage_costs.problems(value)
    assert "CHAT_PRICES" in problem
    assert said in problem
