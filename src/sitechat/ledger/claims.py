"""What one message takes of the limits. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from math import ceil
from typing import Any

from sitechat.limits import Limit, shown, window

Reservation = list[dict[str, Any]]
"""What a message has taken, as JSON can hold it; the ledger that made it reads it again."""


@dataclass(frozen=True)
class Claim:
    """What one message takes of one limit in one window.

    `amount` and `cap` are whole numbers: messages, tokens, or nano-dollars for the unit `usd`.
    `expires` is the end of the window in seconds since 1970.
    """

    key: str
    scope: str
    unit: str
    period: str
    amount: int
    cap: int
    expires: int

    @classmethod
    def of(cls, limit: Limit, identity: str, amount: int, now: datetime) -> Claim:
        frame = window(limit.period, now)
        return cls(
            key=f"{limit.scope}:{limit.unit}:{limit.period}:{frame.name}:{identity}",
            scope=limit.scope,
            unit=limit.unit,
            period=limit.period,
            amount=amount,
            cap=limit.cap,
            expires=int(frame.end.timestamp()),
        )

    @property
    def limit(self) -> Limit:
        return Limit(scope=self.scope, unit=self.unit, period=self.period, cap=self.cap)

    @property
    def is_budget(self) -> bool:
        """Whether it is the site's own money, not a visitor's share."""
        return self.scope == "site" and self.unit == "usd"

    @property
    def warn_from(self) -> int:
        """The count from which a budget is nearly spent: 80% of it."""
        return -(-self.cap * 8 // 10)

    @property
    def resets(self) -> datetime:
        return datetime.fromtimestamp(self.expires, timezone.utc)


def read(reservation: Reservation) -> list[Claim]:
    return [Claim(**entry) for entry in reservation]


def in_order(claims: Iterable[Claim]) -> list[Claim]:
    """In the order of their keys, in which rows are locked.

    Keys differ first in a letter of scope, unit or period, so databases of every collation agree
    with that order.
    """
    return sorted(claims, key=lambda claim: claim.key)


def running(reservation: Reservation, now: datetime | None) -> list[Claim]:
    """The claims of a reservation whose windows have not ended."""
    time = (now or datetime.now(timezone.utc)).timestamp()
    return [claim for claim in read(reservation) if claim.expires > time]


def seconds_until(claim: Claim, now: datetime) -> int:
    return max(1, ceil(claim.expires - now.timestamp()))


def number(unit: str, amount: int) -> int | float:
    number = shown(unit, amount)
    return float(number) if unit == "usd" else int(number)
