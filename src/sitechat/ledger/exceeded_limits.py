"""Find the limits that have no room for a message, and the error to raise. This does no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from sitechat.errors import BudgetExhausted, ChatError, LimitsReserved, RateLimited
from sitechat.ledger.claims import Claim, Count, seconds_until

RETRY_SOON = 5
"""`retry_after` in seconds if the message may fit when running replies end, or if the store of the
counts does not answer."""

AT_ONCE = _("Too many answers are being written for you at once.")
"""The text for a visitor whose own limits have no room, while the limits of the site have room."""


@dataclass(frozen=True)
class Refusal:
    """The error for a message that exceeds limits."""

    error: ChatError
    reached: Sequence[tuple[Claim, Count]] = ()
    """The claims that would exceed their limits even if no reply were running, with the counts."""


def exceeded(claims: Sequence[Claim], counts: Mapping[str, Count]) -> list[tuple[Claim, Count]]:
    """Return the claims that exceed their limits, each with the current count of its limit."""
    counted = [(claim, counts.get(claim.key, Count())) for claim in claims]
    return [(claim, count) for claim, count in counted if count.taken + claim.amount > claim.cap]


def find_refusal(
    claims: Sequence[Claim], counts: Mapping[str, Count], now: datetime
) -> Refusal | None:
    """Return the refusal if the claims exceed their limits, else None."""
    refusing = exceeded(claims, counts)
    if not refusing:
        return None
    reached = [
        (claim, count) for claim, count in refusing if count.spent + claim.amount > claim.cap
    ]
    if not reached:
        own = all(claim.scope != "site" for claim, _count in refusing)
        return Refusal(LimitsReserved(AT_ONCE if own else None, retry_after=RETRY_SOON))
    spent = any(claim.is_budget for claim, _count in reached)
    wait = max(seconds_until(claim, now) for claim, _count in reached)
    error = BudgetExhausted if spent else RateLimited
    return Refusal(error(retry_after=wait), reached)
