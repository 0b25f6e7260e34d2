"""Visitors, a time and helpers for the tests of ledgers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.test import override_settings

from sitechat.ledger import CacheLedger, DatabaseLedger, Ledger
from sitechat.ledger.claims import Reservation
from sitechat.ledger.visitor_identity import Visitor

NOW = (datetime.now(timezone.utc) + timedelta(days=1)).replace(
    hour=12, minute=34, second=56, microsecond=0
)
ANN = Visitor(session="a" * 32, user=None, ip="1" * 32)
BOB = Visitor(session="b" * 32, user="u" * 32, ip="1" * 32)
both = pytest.mark.parametrize(
    "ledger", [DatabaseLedger(), CacheLedger()], ids=["database", "cache"]
)
"""Parametrizes a test with both ledgers. The cache is LocMem, which is exact in one process;
`test_races` uses real caches."""


def limited(**limits: list[str]) -> override_settings:
    """Override CHAT_LIMITS in a test or block: `@limited(session=["5 messages/hour"])`."""
    return override_settings(CHAT_LIMITS=limits)


def reserve(
    ledger: Ledger,
    visitor: Visitor = ANN,
    tokens: int = 100,
    dollars: str = "0.01",
    now: datetime = NOW,
) -> Reservation:
    return ledger.reserve(visitor, tokens=tokens, dollars=Decimal(dollars), now=now)


def extend(
    ledger: Ledger, reservation: Reservation, *, tokens: int, dollars: str, now: datetime = NOW
) -> Reservation:
    """Reserve another call for Ann's message, which must succeed."""
    more = ledger.extend(reservation, ANN, tokens=tokens, dollars=Decimal(dollars), now=now)
    assert more is not None
    return more


def spend(ledger: Ledger, dollars: str, now: datetime = NOW) -> None:
    """Book a message of five tokens and this many dollars."""
    reservation = reserve(ledger, dollars="0.01", now=now)
    ledger.settle(reservation, tokens=5, dollars=Decimal(dollars), now=now)


def left(ledger: Ledger, visitor: Visitor = ANN, now: datetime = NOW) -> dict[str, float]:
    return {
        f"{limit['scope']} {limit['unit']}": limit["left"]
        for limit in ledger.left(visitor, now=now)
    }
