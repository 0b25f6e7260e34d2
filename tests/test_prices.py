from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from sitechat import prices


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("claude-opus-5-5", "4 20 5 0.20"),
        ("claude-opus-5", "5 25 6.25 0.50"),
        ("claude-opus-4-8", "5 25 6.25 0.50"),
        ("claude-opus-4-7", "5 25 6.25 0.50"),
        ("claude-sonnet-5-5", "2 10 2.50 0.20"),
        ("claude-sonnet-4-6", "3 15 3.75 0.30"),
        ("claude-haiku-5-5", "0.10 0.50 0.125 0.01"),
        ("claude-haiku-4-5", "1 5 1.25 0.10"),
    ],
)
def test_the_table_has_the_current_models(model: str, dollars: str) -> None:
    assert prices.known(model)
    assert prices.price(model) == prices.Price(*map(Decimal, dollars.split()))


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
    assert prices.known(model)
    assert prices.price(model).output == 5


@pytest.mark.parametrize(
    "model", ["claude-opus-9", "gpt-7", "", "claude-", "claude-opus-4-7x", "claude-opus"]
)
def test_an_unknown_model_is_booked_at_the_dearest_price(model: str) -> None:
    assert not prices.known(model)
    assert prices.price(model) == prices.Price(*map(Decimal, ("5", "25", "6.25", "0.5")))


@override_settings(CHAT_PRICES={"gold": {"input": 1000, "output": 1}})
def test_the_dearest_price_knows_the_sites_own_models() -> None:
    assert prices.price("claude-opus-9").input == 1000
    assert prices.price("claude-opus-9").output == 25


def test_a_reply_costs_each_kind_of_token_at_its_price() -> None:
    dollars = prices.cost(
        "claude-opus-4-7",
        input_tokens=1_000,
        output_tokens=100,
        cache_read_tokens=3_000,
        cache_write_tokens=200,
    )
    assert dollars == sum(map(Decimal, ("0.005", "0.0025", "0.0015", "0.00125")))


def test_costs_are_exact_to_the_last_token() -> None:
    one = prices.cost("claude-haiku-5-5", input_tokens=0, output_tokens=0, cache_read_tokens=1)
    assert one == Decimal("0.00000001")
    assert prices.cost("claude-haiku-5-5", input_tokens=0, output_tokens=0) == 0


@pytest.mark.parametrize("model", [*prices.PRICES, "unknown"])
@pytest.mark.parametrize("entire", [0, 1, 4_000, 100_000, 100_001])
def test_nothing_that_a_reply_can_use_costs_more_than_its_worst_case(
    model: str, entire: int
) -> None:
    worst = prices.worst_case(model, input_tokens=entire, max_tokens=1024)
    for read, write in [(0, 0), (entire, 0), (0, entire), (entire // 2, entire - entire // 2)]:
        assert worst >= prices.cost(
            model,
            input_tokens=entire - read - write,
            output_tokens=1024,
            cache_read_tokens=read,
            cache_write_tokens=write,
        )


def test_a_prompt_past_what_a_price_holds_for_is_booked_at_the_dearest() -> None:
    def dollars(tokens: int) -> Decimal:
        return prices.cost("claude-haiku-5-5", input_tokens=tokens, output_tokens=0)

    assert dollars(100_000) == Decimal("0.01")
    assert dollars(100_001) == Decimal("0.500005")
    with override_settings(CHAT_PRICES={"claude-haiku-5-5": {"input": 1}}):
        assert dollars(200_000) == Decimal("0.2")


@override_settings(CHAT_PRICES={"claude-opus-4-7": {"input": 2.5, "output": "10"}})
def test_the_sites_prices_stand_over_the_table() -> None:
    own = prices.price("claude-opus-4-7-20260401")
    assert (own.input, own.output) == (Decimal("2.5"), Decimal(10))
    assert own.cache_read == Decimal("0.50")


@override_settings(CHAT_PRICES={"local-model": {"input": 2, "output": 4, "cache_read": 0}})
def test_a_model_that_only_the_site_knows_caches_at_claudes_multiples() -> None:
    assert prices.known("local-model")
    assert prices.price("local-model") == prices.Price(
        Decimal(2), Decimal(4), Decimal("2.5"), Decimal(0)
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
    assert prices.problems(value) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, '{"my-model": {"input": 3, "output": 15'),
        ({"m": 3}, '{"my-model": {"input": 3, "output": 15'),
        ({7: {}}, '{"my-model": {"input": 3, "output": 15'),
        ({"m": {"input": 1, "output": 1, "inptu": 1}}, "it may have input, output, cache_write"),
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
    (problem,) = prices.problems(value)
    assert "CHAT_PRICES" in problem
    assert said in problem
