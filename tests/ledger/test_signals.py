"""Tests of the signals and log lines of ledgers, each sent once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from sitechat.errors import BudgetExhausted, RateLimited
from sitechat.ledger import Ledger
from sitechat.ledger.limit_signals import warn_too_small
from sitechat.ledger.visitor_identity import Visitor
from sitechat.signals import budget_reached, limit_reached
from tests.ledger_book import ANN, BOB, NOW, both, left, limited, reserve, spend

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def heard() -> Iterator[list[tuple[str, str]]]:
    """Return the sent signals with their limits."""
    signals: list[tuple[str, str]] = []

    def limit(limit: Any, visitor: Visitor, resets: datetime, **kwargs: Any) -> None:
        assert resets > NOW
        assert visitor in {ANN, BOB}
        signals.append(("limit", str(limit)))

    def budget(limit: Any, resets: datetime, **kwargs: Any) -> None:
        assert resets > NOW
        signals.append(("budget", str(limit)))

    limit_reached.connect(limit)
    budget_reached.connect(budget)
    yield signals
    limit_reached.disconnect(limit)
    budget_reached.disconnect(budget)


@both
@limited(session=["1 messages/hour"])
def test_a_limit_is_reported_once_per_window(ledger: Ledger, heard: list[tuple[str, str]]) -> None:
    reserve(ledger)
    assert heard == []
    for _ in range(3):
        with pytest.raises(RateLimited):
            reserve(ledger)
    assert heard == [("limit", "1 messages/hour")]
    later = NOW + timedelta(hours=1)
    reserve(ledger, now=later)
    with pytest.raises(RateLimited):
        reserve(ledger, now=later)
    assert len(heard) == 2


@both
@limited(site=["0.01 usd/day"])
def test_a_spent_budget_is_reported_and_logged_once_per_window(
    ledger: Ledger,
    heard: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    spend(ledger, "0.0099")
    caplog.clear()
    for visitor in (ANN, BOB):
        with pytest.raises(BudgetExhausted):
            reserve(ledger, visitor)
    assert heard == [("budget", "0.01 usd/day")]
    (record,) = caplog.records
    assert "has spent $0.0099 of its budget of 0.01 usd/day" in record.getMessage()


@both
@limited(session=["1 messages/hour"])
def test_a_receiver_that_raises_changes_nothing(ledger: Ledger) -> None:
    def broken(**kwargs: Any) -> None:
        raise RuntimeError("broken")

    reserve(ledger)
    limit_reached.connect(broken)
    try:
        with pytest.raises(RateLimited):
            reserve(ledger)
    finally:
        limit_reached.disconnect(broken)


@both
@pytest.mark.parametrize("last", ["0.05", "0.15"])
@limited(site=["1 usd/day", "100 usd/month"], session=["1000000 tokens/day"])
def test_80_percent_of_a_budget_is_warned_of_once_per_window(
    ledger: Ledger, caplog: pytest.LogCaptureFixture, last: str
) -> None:
    with caplog.at_level(logging.WARNING, "sitechat"):
        for _ in range(7):
            spend(ledger, "0.1")
        spend(ledger, "0.099999999")
        assert not caplog.records
        spend(ledger, last)
        assert "80% of its budget of 1 usd/day" in caplog.records[0].getMessage()
        spend(ledger, "0.01")
        assert len(caplog.records) == 1
        for _ in range(9):
            spend(ledger, "0.1", now=NOW + timedelta(days=1))
    assert len(caplog.records) == 2
    assert left(ledger)["session tokens"] == 1_000_000 - 10 * 5


@both
@limited(session=["50 tokens/day"])
def test_a_limit_that_is_below_one_message_refuses_it_and_says_so(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    warn_too_small.cache_clear()
    for _ in range(2):
        with pytest.raises(RateLimited):
            reserve(ledger)
    (record,) = caplog.records
    assert "50 tokens/day" in record.getMessage()
