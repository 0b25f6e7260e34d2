"""Tests that reservations of running replies do not count as spent: no alarm, a short wait."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from sitechat.errors import BudgetExhausted, ChatError, LimitsReserved, RateLimited
from sitechat.ledger import DatabaseLedger, Ledger
from sitechat.models import Counter
from sitechat.signals import budget_reached, limit_reached
from tests.ledger_book import ANN, BOB, NOW, both, extend, left, limited, reserve, spend

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Return the limits for which a signal was sent."""
    limits: list[str] = []

    def hear(limit: Any, **kwargs: Any) -> None:
        limits.append(str(limit))

    for signal in (limit_reached, budget_reached):
        signal.connect(hear)
    yield limits
    for signal in (limit_reached, budget_reached):
        signal.disconnect(hear)


def refusal(ledger: Ledger, **kwargs: Any) -> ChatError:
    with pytest.raises(ChatError) as raised:
        reserve(ledger, **kwargs)
    return raised.value


@both
@limited(site=["1 usd/day"])
def test_a_budget_that_running_replies_hold_is_free_again_in_seconds(
    ledger: Ledger, heard: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    spend(ledger, "0.14")
    reservation = reserve(ledger, dollars="0.8")
    refused = refusal(ledger, dollars="0.1")
    assert isinstance(refused, LimitsReserved)
    assert (refused.code, refused.status, refused.retryable) == ("rate_limited", 429, True)
    assert refused.retry_after is not None
    assert 0 < refused.retry_after < 60
    assert "visitors" in refused.as_dict()["message"]
    ledger.settle(reservation, tokens=9, dollars=Decimal("0.01"), now=NOW)
    reserve(ledger, dollars="0.1")
    assert heard == []
    assert not caplog.records


@both
@limited(session=["1000 tokens/day"])
def test_a_visitor_whose_own_replies_hold_the_limit_learns_that(
    ledger: Ledger, heard: list[str]
) -> None:
    reserve(ledger, tokens=900)
    refused = refusal(ledger, tokens=200)
    assert isinstance(refused, LimitsReserved)
    assert "for you" in refused.as_dict()["message"]
    assert heard == []


@both
@limited(session=["1 messages/hour", "1000 tokens/day"], site=["1 usd/day"])
def test_a_limit_that_is_reached_too_decides_how_long_to_wait(
    ledger: Ledger, heard: list[str]
) -> None:
    reserve(ledger, tokens=900, dollars="0.9")
    refused = refusal(ledger, tokens=200, dollars="0.2")
    assert type(refused) is RateLimited
    assert refused.retry_after == 25 * 60 + 4
    assert heard == ["1 messages/hour"]


@both
@limited(session=["1 messages/hour"])
def test_an_admitted_message_is_spent_at_once(ledger: Ledger) -> None:
    reserve(ledger)
    assert type(refusal(ledger)) is RateLimited


@both
@limited(site=["1 usd/day"])
def test_what_would_not_fit_without_running_replies_either_is_refused_for_the_day(
    ledger: Ledger, heard: list[str]
) -> None:
    spend(ledger, "0.5")
    reserve(ledger, dollars="0.2")
    refused = refusal(ledger, dollars="0.6")
    assert isinstance(refused, BudgetExhausted)
    assert heard == ["1 usd/day"]


@both
@limited(site=["0.009 usd/day"], session=["50 tokens/day"])
def test_a_limit_that_nothing_was_ever_taken_from_is_reported_too(
    ledger: Ledger, heard: list[str]
) -> None:
    for _ in range(3):
        assert isinstance(refusal(ledger), BudgetExhausted)
    assert sorted(heard) == ["0.009 usd/day", "50 tokens/day"]
    refusal(ledger, now=NOW + timedelta(days=1))
    assert len(heard) == 4


@both
@limited(site=["1 usd/day"])
def test_80_percent_are_of_what_is_spent(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "sitechat"):
        held = [reserve(ledger, dollars="0.15") for _ in range(6)]
        spend(ledger, "0.1")
        assert not caplog.records
        for reservation in held[:5]:
            ledger.settle(reservation, tokens=1, dollars=Decimal("0.14"), now=NOW)
        assert len(caplog.records) == 1  # at 0.8, of which nothing is reserved any more
        ledger.settle(held[5], tokens=1, dollars=Decimal("0.14"), now=NOW)
    assert len(caplog.records) == 1


@both
@limited(site=["1 usd/day"], session=["1000 tokens/day"])
def test_what_was_cancelled_or_extended_is_not_reserved_any_more(ledger: Ledger) -> None:
    ledger.cancel(reserve(ledger, dollars="0.9"), now=NOW)
    longer = extend(ledger, reserve(ledger, dollars="0.4"), tokens=300, dollars="0.5")
    assert isinstance(refusal(ledger, dollars="0.2"), LimitsReserved)
    ledger.settle(longer, tokens=30, dollars=Decimal("0.9"), now=NOW)
    assert left(ledger) == {"session tokens": 970}
    assert isinstance(refusal(ledger, dollars="0.2"), BudgetExhausted)


@both
@limited(site=["1 usd/day"], session=["1000 tokens/day"])
def test_a_refused_message_leaves_nothing_reserved(ledger: Ledger, heard: list[str]) -> None:
    reserve(ledger, dollars="0.9")
    for visitor in (ANN, BOB):
        assert isinstance(refusal(ledger, visitor=visitor, dollars="0.2"), LimitsReserved)
    assert left(ledger, BOB) == {"session tokens": 1000}
    assert heard == []


@both
@limited(site=["1 usd/day"], session=["1000 tokens/day"])
def test_a_reservation_that_was_settled_too_soon_is_held_again(ledger: Ledger) -> None:
    reservation = json.loads(json.dumps(reserve(ledger, dollars="0.9")))
    ledger.settle(reservation, tokens=70, dollars=Decimal("0.7"), now=NOW)
    ledger.reopen(reservation, tokens=70, dollars=Decimal("0.7"), now=NOW)
    assert left(ledger) == {"session tokens": 900}
    assert isinstance(refusal(ledger, dollars="0.2"), LimitsReserved)
    ledger.settle(reservation, tokens=7, dollars=Decimal("0.1"), now=NOW)
    assert left(ledger) == {"session tokens": 993}
    reserve(ledger, dollars="0.9")


@limited(site=["1 usd/day"], session=["1000 tokens/day"])
def test_counts_of_the_version_before_go_on() -> None:
    ledger = DatabaseLedger()
    reservation = reserve(ledger, dollars="0.5")
    Counter.objects.update(reserved=None)  # a process of that version has inserted the rows
    more = reserve(ledger, dollars="0.4")
    assert isinstance(refusal(ledger, dollars="0.2"), LimitsReserved)
    ledger.settle(reservation, tokens=10, dollars=Decimal("0.1"), now=NOW)
    ledger.settle(more, tokens=10, dollars=Decimal("0.1"), now=NOW)
    assert left(ledger) == {"session tokens": 980}
    assert list(Counter.objects.values_list("reserved", flat=True)) == [0, 0]


@pytest.mark.django_db(transaction=True)
@limited(site=["1 usd/day"])
def test_the_column_comes_and_goes_without_the_counts() -> None:
    reserve(DatabaseLedger(), dollars="0.5")
    call_command("migrate", "sitechat", "0008", verbosity=0)
    try:
        table = connection.introspection.get_table_description(
            connection.cursor(), Counter._meta.db_table
        )
    finally:
        call_command("migrate", "sitechat", verbosity=0)
    assert "reserved" not in {column.name for column in table}
    assert isinstance(refusal(DatabaseLedger(), dollars="0.6"), BudgetExhausted)
