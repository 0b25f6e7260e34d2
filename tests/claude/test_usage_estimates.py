"""Tests of the booked usage of answers with any kind of reported token counts."""

from __future__ import annotations

from typing import Any

import pytest

from sitechat.claude.catalog import LARGEST_CONTEXT
from sitechat.claude.reported_text import reported_text
from sitechat.claude.token_usage import TokenUsage
from sitechat.claude.usage_estimates import Counts

WORDS = "word " * 100


def counted(
    first: Any = None, last: Any = None, *, written: str = WORDS
) -> tuple[TokenUsage, bool]:
    """Return the booked usage, and whether it is exact."""
    counts = Counts()
    counts.report(first)
    if written:
        counts.estimate_output(written)
    counts.report(last, final=True)
    usage = counts.usage_to_book(likely_input=50, max_output=1000)
    return usage, counts.is_exact(max_output=1000)


FIRST = {"input_tokens": 100, "output_tokens": 1}
LAST = {"output_tokens": 42}


def test_claudes_own_counts_are_exact() -> None:
    assert counted(FIRST, LAST) == (TokenUsage(100, 42), True)
    last = {"input_tokens": 100, "output_tokens": 42, "cache_read_input_tokens": 30}
    assert counted(FIRST, last) == (TokenUsage(100, 42, 30), True)


@pytest.mark.parametrize(
    ("first", "last", "tokens"),
    [
        (None, None, (50, 250)),
        (FIRST, None, (100, 250)),
        (FIRST, {}, (100, 250)),
        (FIRST, {"output_tokens": 0}, (100, 250)),
        (None, LAST, (50, 42)),
        ({"input_tokens": 0}, LAST, (50, 42)),
        ({}, {"output_tokens": None}, (50, 250)),
        ("usage", [LAST], (50, 250)),
        ({"cache_read_input_tokens": 20}, LAST, (30, 42)),
        ({"input_tokens": 100, "output_tokens": 400}, None, (100, 400)),
    ],
)
def test_what_is_absent_or_zero_is_estimated(
    first: Any, last: Any, tokens: tuple[int, int]
) -> None:
    usage, exact = counted(first, last)
    assert (usage.input_tokens, usage.output_tokens) == tokens
    assert not exact


def test_an_estimate_is_never_more_than_the_request_allows() -> None:
    usage, _exact = counted(FIRST, None, written="word " * 10_000)
    assert usage.output_tokens == 1000


@pytest.mark.parametrize("wrong", [-1, 12.0, 12.5, "12", True, [], {}, 10**30, LARGEST_CONTEXT + 1])
@pytest.mark.parametrize("key", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
def test_wrong_counts_count_as_absent(key: str, wrong: Any) -> None:
    usage, exact = counted({**FIRST, key: wrong}, {**LAST, key: wrong})
    assert 0 < usage.input_tokens <= 100
    assert 0 < usage.output_tokens <= 250
    assert usage.cache_read_tokens == 0
    assert not exact


@pytest.mark.parametrize(
    ("first", "last", "booked"),
    [
        (FIRST, {"output_tokens": 1001}, TokenUsage(100, 1000)),
        (FIRST, {"output_tokens": LARGEST_CONTEXT}, TokenUsage(100, 1000)),
        ({**FIRST, "cache_read_input_tokens": LARGEST_CONTEXT}, LAST, TokenUsage(50, 42)),
        ({**FIRST, "cache_creation_input_tokens": LARGEST_CONTEXT}, LAST, TokenUsage(50, 42)),
        (
            FIRST,
            {**LAST, "output_tokens_details": {"thinking_tokens": 900}},
            TokenUsage(100, 42, thinking_tokens=42),
        ),
    ],
)
def test_counts_that_no_request_can_reach_are_not_booked(
    first: Any, last: Any, booked: TokenUsage
) -> None:
    assert counted(first, last) == (booked, False)


def test_counts_only_grow() -> None:
    usage, _exact = counted({"input_tokens": 100, "output_tokens": 50}, {"output_tokens": 7})
    assert usage.output_tokens == 50
    usage, _exact = counted(FIRST, {"input_tokens": 0, "output_tokens": 42})
    assert usage.input_tokens == 100


@pytest.mark.parametrize(
    ("creation", "written", "long_lived"),
    [
        ({"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5}, 20, 5),
        ({"ephemeral_1h_input_tokens": 30}, 30, 30),
        ({"ephemeral_1h_input_tokens": -30}, 20, 0),
        ({"ephemeral_1h_input_tokens": "30"}, 20, 0),
        (None, 20, 0),
        ([5], 20, 0),
    ],
)
def test_cache_writes_by_how_long_they_live(creation: Any, written: int, long_lived: int) -> None:
    first = {**FIRST, "cache_creation_input_tokens": 20, "cache_creation": creation}
    usage, _exact = counted(first, LAST)
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (written, long_lived)


def test_thinking_tier_and_region() -> None:
    first = {**FIRST, "service_tier": "priority", "inference_geo": "us"}
    last = {**LAST, "output_tokens_details": {"thinking_tokens": 40}, "service_tier": 5}
    usage, exact = counted(first, last)
    assert usage == TokenUsage(
        100, 42, thinking_tokens=40, service_tier="priority", inference_geo="us"
    )
    assert exact


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("req_1", "req_1"),
        ("x" * 50, "x" * 10),
        ("a\x00\nb\x1b[31m", "a\ufffd\ufffdb\ufffd[31m"),
        ("\ud800\u202e\u2028", "\ufffd\ufffd\ufffd"),
        (None, ""),
        (5, ""),
        (["a"], ""),
    ],
)
def test_short_texts_from_outside(value: Any, text: str) -> None:
    assert reported_text(value, 10) == text


def test_usage_adds_up_and_keeps_what_was_said_last() -> None:
    one = TokenUsage(1, 2, 3, 4, 5, 6, "standard", "us")
    two = TokenUsage(10, 20, 30, 40, 50, 60)
    assert one + two == TokenUsage(11, 22, 33, 44, 55, 66, "standard", "us")
    assert (two + one).service_tier == "standard"
