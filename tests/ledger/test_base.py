"""Tests of behaviour common to all ledgers."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from sitechat.errors import BudgetExhausted, RateLimited
from sitechat.ledger import CacheLedger, DatabaseLedger, Ledger, get_ledger
from sitechat.ledger.visitor_identity import Visitor
from tests.ledger_book import ANN, BOB, NOW, both, extend, left, limited, reserve, spend

pytestmark = [pytest.mark.django_db, pytest.mark.database]


# Reserve


@both
@limited(
    session=["5 messages/hour", "1000 tokens/day", "1 usd/month"],
    ip=["9 messages/minute"],
    user=["3 messages/day"],
)
def test_a_message_takes_from_every_limit_that_applies(ledger: Ledger) -> None:
    reserve(ledger)
    assert left(ledger) == {
        "session messages": 4,
        "session tokens": 900,
        "session usd": 0.99,
        "ip messages": 8,
    }
    reserve(ledger, BOB)
    assert left(ledger, BOB) == {
        "session messages": 4,
        "session tokens": 900,
        "session usd": 0.99,
        "ip messages": 7,
        "user messages": 2,
    }


@both
@limited(session=["1 messages/hour"], ip=["2 messages/hour"])
def test_a_visitor_without_a_session_counts_by_address(ledger: Ledger) -> None:
    nobody = Visitor(session=None, user=None, ip="1" * 32)
    reserve(ledger, nobody)
    reserve(ledger, nobody)
    with pytest.raises(RateLimited):
        reserve(ledger, nobody)


@both
@limited(session=["3 messages/hour"])
def test_exactly_the_cap_passes(ledger: Ledger) -> None:
    for _ in range(3):
        reserve(ledger)
    with pytest.raises(RateLimited) as refusal:
        reserve(ledger)
    assert refusal.value.retry_after == 25 * 60 + 4
    reserve(ledger, BOB)
    reserve(ledger, now=NOW + timedelta(seconds=25 * 60 + 4))


@both
@limited(session=["1 usd/day"])
def test_a_message_may_take_all_that_is_left_and_not_a_bit_more(ledger: Ledger) -> None:
    reserve(ledger, dollars="0.4")
    with pytest.raises(RateLimited):
        reserve(ledger, dollars="0.600000001")
    reserve(ledger, dollars="0.6")
    with pytest.raises(RateLimited):
        reserve(ledger, dollars="0.0000000001")


@both
@limited(ip=["9 messages/hour"], session=["5 messages/hour", "150 tokens/day"], site=["1 usd/day"])
def test_a_refused_message_takes_nothing_from_any_limit(ledger: Ledger) -> None:
    reserve(ledger)
    before = left(ledger)
    with pytest.raises(RateLimited):
        reserve(ledger)
    assert left(ledger) == before


@both
@limited(session=["1 messages/minute"], ip=["1 messages/hour", "5 messages/day"])
def test_the_longest_of_the_refusing_windows_is_the_one_to_wait_for(ledger: Ledger) -> None:
    reserve(ledger)
    with pytest.raises(RateLimited) as refusal:
        reserve(ledger)
    assert refusal.value.retry_after == 25 * 60 + 4


@both
@limited(session=["1 messages/minute"])
def test_seconds_to_wait_are_whole_and_never_too_few(ledger: Ledger) -> None:
    reserve(ledger)
    with pytest.raises(RateLimited) as refusal:
        reserve(ledger, now=NOW + timedelta(milliseconds=3_999))
    assert refusal.value.retry_after == 1


@both
def test_only_the_sites_own_money_is_a_budget(ledger: Ledger) -> None:
    with limited(site=["0.01 usd/day"]):
        spend(ledger, "0.01")
        with pytest.raises(BudgetExhausted) as refusal:
            reserve(ledger, BOB)
    assert refusal.value.retry_after == 11 * 3600 + 25 * 60 + 4
    with limited(site=["1 messages/month"]):
        reserve(ledger)
        with pytest.raises(RateLimited):
            reserve(ledger, BOB)


@both
def test_without_limits_everybody_passes_and_nothing_is_asked(ledger: Ledger) -> None:
    with override_settings(CHAT_LIMITS={}), CaptureQueriesContext(connection) as queries:
        reservation = reserve(ledger)
        ledger.settle(reservation, tokens=1, dollars=Decimal(1), now=NOW)
        assert ledger.left(ANN) == []
    assert reservation == []
    assert not queries


# Settle and cancel


@both
@pytest.mark.parametrize(("tokens", "dollars"), [(30, "0.003"), (100, "0.01"), (250, "0.025")])
@limited(session=["5 messages/hour", "1000 tokens/day", "1 usd/day"])
def test_what_was_used_is_booked_in_the_place_of_what_was_reserved(
    ledger: Ledger, tokens: int, dollars: str
) -> None:
    reservation = json.loads(json.dumps(reserve(ledger)))
    ledger.settle(reservation, tokens=tokens, dollars=Decimal(dollars), now=NOW)
    assert left(ledger) == {
        "session messages": 4,
        "session tokens": 1000 - tokens,
        "session usd": float(1 - Decimal(dollars)),
    }


@both
@limited(site=["0.000000009 usd/day"])
def test_what_is_booked_is_never_less_than_the_bill(ledger: Ledger) -> None:
    for _ in range(3):
        reservation = reserve(ledger, dollars="0.000000003")
        ledger.settle(reservation, tokens=0, dollars=Decimal("0.0000000021"), now=NOW)
    with pytest.raises(BudgetExhausted):
        reserve(ledger, dollars="0.0000000001")


@both
@limited(session=["1000 tokens/hour", "2000 tokens/day"])
def test_a_reply_that_outlives_its_window_is_booked_on_it_alone(ledger: Ledger) -> None:
    reservation = reserve(ledger)
    later = NOW + timedelta(hours=1)
    ledger.settle(reservation, tokens=10, dollars=Decimal(0), now=later)
    assert [limit["left"] for limit in ledger.left(ANN, now=later)] == [1990, 1000]


@both
@limited(session=["1000 tokens/day"])
def test_a_count_never_falls_below_zero(ledger: Ledger) -> None:
    reservation = reserve(ledger)
    ledger.cancel(reservation, now=NOW)
    ledger.cancel(reservation, now=NOW)
    assert left(ledger) == {"session tokens": 1000}


@both
@limited(session=["5 messages/hour", "1000 tokens/day"], site=["1 usd/day"])
def test_cancelling_gives_everything_back(ledger: Ledger) -> None:
    ledger.cancel(reserve(ledger, dollars="1"), now=NOW)
    assert left(ledger) == {"session messages": 5, "session tokens": 1000}
    reserve(ledger, dollars="1")


# Further calls of a reply


@both
@limited(session=["1 messages/hour", "1000 tokens/day"], ip=["1 usd/day"])
def test_a_further_call_takes_tokens_and_dollars_and_no_message(ledger: Ledger) -> None:
    reservation = reserve(ledger)
    reservation = extend(ledger, reservation, tokens=300, dollars="0.2")
    assert left(ledger) == {"session messages": 0, "session tokens": 600, "ip usd": 0.79}
    ledger.settle(reservation, tokens=150, dollars=Decimal("0.05"), now=NOW)
    assert left(ledger) == {"session messages": 0, "session tokens": 850, "ip usd": 0.95}


@both
@limited(session=["1 messages/hour", "1000 tokens/day"], site=["0.02 usd/day"])
def test_a_further_call_that_is_refused_takes_nothing(ledger: Ledger) -> None:
    reservation = reserve(ledger)
    dollars = Decimal("0.010000001")
    assert ledger.extend(reservation, ANN, tokens=300, dollars=dollars, now=NOW) is None
    assert left(ledger)["session tokens"] == 900
    ledger.cancel(reservation, now=NOW)
    assert left(ledger) == {"session messages": 1, "session tokens": 1000}


@both
@limited(session=["1000 tokens/hour", "5000 tokens/day"])
def test_a_further_call_in_the_next_window_is_taken_from_that(ledger: Ledger) -> None:
    later = NOW + timedelta(hours=1)
    reservation = extend(ledger, reserve(ledger), tokens=400, dollars="0", now=later)
    assert [limit["left"] for limit in ledger.left(ANN, now=later)] == [4500, 600]
    ledger.cancel(reservation, now=later)
    assert [limit["left"] for limit in ledger.left(ANN, now=later)] == [5000, 1000]


# What is left


@both
@limited(session=["2 messages/hour", "1.5 usd/day"], site=["20 usd/day"])
def test_what_is_left_is_told_with_the_seconds_until_it_is_whole(ledger: Ledger) -> None:
    reserve(ledger, dollars="0.00001")
    assert ledger.left(ANN, now=NOW) == [
        {
            "scope": "session",
            "unit": "messages",
            "period": "hour",
            "limit": 2,
            "left": 1,
            "resets_in": 1504,
        },
        {
            "scope": "session",
            "unit": "usd",
            "period": "day",
            "limit": 1.5,
            "left": 1.4999,
            "resets_in": 41104,
        },
    ]


# Which ledger


def test_the_database_counts_by_default() -> None:
    assert isinstance(get_ledger(), DatabaseLedger)
    assert get_ledger().problems() == []


@override_settings(CHAT_LEDGER="sitechat.ledger.CacheLedger")
def test_the_setting_chooses() -> None:
    assert isinstance(get_ledger(), CacheLedger)


@pytest.mark.parametrize("path", ["", "nowhere.Ledger", "sitechat.ledger.NoLedger", "json.dumps"])
def test_a_wrong_ledger_is_told_with_right_ones(path: str) -> None:
    with (
        override_settings(CHAT_LEDGER=path),
        pytest.raises(ImproperlyConfigured, match=r"sitechat\.ledger\.DatabaseLedger"),
    ):
        get_ledger()
