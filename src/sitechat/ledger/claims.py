"""Data classes for reservations and counts. This module does no I/O.

The engine stores a `Reservation` with the reply, and gives it back to the ledger at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from math import ceil
from typing import TypedDict

from sitechat.ledger.limits import Limit, readable_amount, window


class StoredClaim(TypedDict):
    """A `Claim` as JSON values."""

    key: str
    scope: str
    unit: str
    period: str
    amount: int
    cap: int
    expires: int


Reservation = list[StoredClaim]
"""The claims of one message, as JSON values. Only the ledger that made them reads them."""


class LimitLeft(TypedDict):
    """What is left of one limit of a visitor, in messages, tokens or dollars."""

    scope: str
    unit: str
    period: str
    limit: float
    left: float
    resets_in: int
    """Seconds until the window ends."""


@dataclass(frozen=True)
class Claim:
    """The amount that one message reserves from one limit in one window.

    `key` is the key of the count to change: the limit, the window and the visitor's identity.
    `amount` and `cap` (the maximum of the limit) are whole numbers: messages, tokens, or
    nano-dollars for the unit `usd`. `expires` is the end of the window in seconds since 1970.
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
        """Return the claim of `amount` on a limit in the window of `now`."""
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

    def stored(self) -> StoredClaim:
        """Return the claim as JSON values."""
        return {
            "key": self.key,
            "scope": self.scope,
            "unit": self.unit,
            "period": self.period,
            "amount": self.amount,
            "cap": self.cap,
            "expires": self.expires,
        }

    @property
    def limit(self) -> Limit:
        """The limit that the claim belongs to."""
        return Limit(scope=self.scope, unit=self.unit, period=self.period, cap=self.cap)

    @property
    def is_budget(self) -> bool:
        """Whether the limit is a dollar budget of the whole site."""
        return self.scope == "site" and self.unit == "usd"

    @property
    def reserves(self) -> int:
        """The part of `amount` that is only reserved. Messages are spent when they are admitted."""
        return 0 if self.unit == "messages" else self.amount

    @property
    def warn_from(self) -> int:
        """The spent amount at which the owner is warned: 80% of the budget, rounded up."""
        return -(-self.cap * 8 // 10)

    @property
    def resets(self) -> datetime:
        """The end of the window."""
        return datetime.fromtimestamp(self.expires, timezone.utc)


@dataclass(frozen=True)
class Count:
    """The count of a limit in one window, in the unit of the limit."""

    taken: int = 0
    """The spent and reserved amount. It never exceeds the cap when a message is admitted."""
    reserved: int = 0
    """The part of `taken` that running replies hold. Their usage replaces it when they end."""

    @property
    def spent(self) -> int:
        """The booked amount, without reservations."""
        return max(0, self.taken - self.reserved)


@dataclass(frozen=True)
class Change:
    """Amounts to add to the fields `taken` and `reserved` of a claim's `Count`.

    The amounts may be negative, but the count never becomes negative.
    """

    claim: Claim
    taken: int = 0
    reserved: int = 0


def read_claims(reservation: Reservation) -> list[Claim]:
    """Return the claims of a stored reservation."""
    return [Claim(**entry) for entry in reservation]


def in_order(claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims of a message in the order of their keys. Rows are locked in this order.

    Two keys of a message differ first in the scope, the unit or the period. These consist of
    lower-case letters, so every database sorts the keys in the same order, with any collation.
    """
    return sorted(claims, key=lambda claim: claim.key)


def in_current_windows(reservation: Reservation, now: datetime | None) -> list[Claim]:
    """Return the claims of a reservation whose windows have not ended."""
    time = (now or datetime.now(timezone.utc)).timestamp()
    return [claim for claim in read_claims(reservation) if claim.expires > time]


def seconds_until(claim: Claim, now: datetime) -> int:
    """Return the seconds until the window of a claim ends, at least 1."""
    return max(1, ceil(claim.expires - now.timestamp()))


def json_number(unit: str, amount: int) -> int | float:
    """Return an amount as a JSON number: dollars as a float, other units as an int."""
    decimal = readable_amount(unit, amount)
    return float(decimal) if unit == "usd" else int(decimal)
