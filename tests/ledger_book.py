"""Visitors, a time and shorthands for the tests of the ledgers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.test import override_settings

from sitechat.ledger import CacheLedger, DatabaseLedger, Ledger
from sitechat.ledger.claims import Reservation
from sitechat.visitors import Visitor

NOW = (datetime.now(timezone.utc) + timedelta(days=1)).replace(
    hour=12, minute=34, second=56, microsecond=0
)
ANN = Visitor(session="a" * 32, user=None, ip="1" * 32)
BOB = Visitor(session="b" * 32, user="u" * 32, ip="1" * 32)
both = pytest.mark.parametrize(
    "ledger", [DatabaseLedger(), CacheLedger()], ids=["database", "cache"]
)
"""A test of every ledger. The one in the cache counts in LocMem, which is exact in one process;
`test_ledger_races` has the real ones."""


def limited(**limits: list[str]) -> override_settings:
    """CHAT_LIMITS of a test or block: `@limited(session=["5 messages/hour"])`."""
    return override_settings(CHAT_LIMITS=limits)


def reserve(
    ledger: Ledger,
    visitor: Visitor = ANN,
    tokens: int = 100,
    dollars: str = "0.01",
    now: datetime = NOW,
) -> Reservation:
    return ledger.reserve(visitor, tokens=tokens, dollars=Decimal(dollars), now=now)


def left(ledger: Ledger, visitor: Visitor = ANN, now: datetime = NOW) -> dict[str, float]:
    return {
        f"{limit['scope']} {limit['unit']}": limit["left"]
        for limit in ledger.left(visitor, now=now)
    }
