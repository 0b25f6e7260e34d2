"""What every ledger does; `database` and `cache` are the places where it counts."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache
from typing import Any

from sitechat.errors import BudgetExhausted, ChatError, RateLimited
from sitechat.ledger.claims import (
    Claim,
    Reservation,
    in_order,
    number,
    read,
    running,
    seconds_until,
)
from sitechat.limits import current_limits, nano_dollars
from sitechat.signals import budget_reached, limit_reached
from sitechat.visitors import Visitor

logger = logging.getLogger("sitechat")


class Ledger(ABC):
    """Takes, books and gives back. Subclasses say how a count is kept, atomically.

    `now` is an aware datetime, the present by default.
    """

    def reserve(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime | None = None
    ) -> Reservation:
        """Take one message, its tokens and its dollars from every limit that applies to the
        visitor: all of them, or nothing.

        Raises BudgetExhausted where a budget of the site (scope `site`, unit `usd`) refuses,
        RateLimited where another limit does; `retry_after` is the seconds until the last of the
        refusing windows ends. A refusal inside an atomic block that is then rolled back takes
        its signal's mark along, and the next refusal sends the signal again: call it before.
        """
        now = now or datetime.now(timezone.utc)
        claims = self._claims(visitor, tokens=tokens, dollars=dollars, now=now)
        self._take_or_raise(claims, visitor, now)
        return [asdict(claim) for claim in claims]

    def check(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime | None = None
    ) -> None:
        """Raise what `reserve` would raise for so much, at the cost of one read; take nothing.

        A ledger may leave it out where that read would be one too many.
        """
        now = now or datetime.now(timezone.utc)
        claims = self._claims(visitor, tokens=tokens, dollars=dollars, now=now)
        if claims and (full := self._full(claims)):
            raise self._refusal(full, visitor, now)

    def extend(
        self,
        reservation: Reservation,
        visitor: Visitor,
        *,
        tokens: int,
        dollars: Decimal,
        now: datetime | None = None,
    ) -> Reservation:
        """Take more tokens and dollars for the message that holds a reservation.

        Returns the larger reservation, in the place of the one given. Raises as `reserve` does,
        and then takes nothing. What a window that has begun since then gives is taken from it,
        and `settle` books there all that the message used.
        """
        now = now or datetime.now(timezone.utc)
        held = {claim.key: claim for claim in read(reservation)}
        more = [
            claim
            for claim in self._claims(visitor, tokens=tokens, dollars=dollars, now=now)
            if claim.unit != "messages"
        ]
        self._take_or_raise(more, visitor, now)
        for claim in more:
            before = held[claim.key].amount if claim.key in held else 0
            held[claim.key] = replace(claim, amount=before + claim.amount)
        return [asdict(claim) for claim in in_order(held.values())]

    def settle(
        self,
        reservation: Reservation,
        *,
        tokens: int,
        dollars: Decimal,
        now: datetime | None = None,
    ) -> None:
        """Book what was really used in the place of what was reserved, more or less.

        Call it once for a reservation. The message stays counted. Windows that have ended are
        left as they are.
        """
        used = {"tokens": tokens, "usd": nano_dollars(dollars)}
        self._change(
            [
                (claim, used[claim.unit] - claim.amount)
                for claim in running(reservation, now)
                if claim.unit in used
            ]
        )

    def cancel(self, reservation: Reservation, *, now: datetime | None = None) -> None:
        """Give everything back, the message too: nothing was sent to Claude for it."""
        self._change([(claim, -claim.amount) for claim in running(reservation, now)])

    def rolled_back(self, reservation: Reservation, using: str) -> None:
        """The transaction on a database in which it was taken was rolled back: give back what
        that has not."""
        self.cancel(reservation)

    def left(self, visitor: Visitor, *, now: datetime | None = None) -> list[dict[str, Any]]:
        """What the visitor has left of each of their own limits, as JSON can hold it.

        The limits of scope `site` are the owner's business and not among them. `limit` and
        `left` are messages, tokens or dollars, `resets_in` seconds.
        """
        now = now or datetime.now(timezone.utc)
        claims = [
            claim
            for claim in self._claims(visitor, tokens=0, dollars=Decimal(0), now=now)
            if claim.scope != "site"
        ]
        spent = self._spent([claim.key for claim in claims]) if claims else {}
        return [
            {
                "scope": claim.scope,
                "unit": claim.unit,
                "period": claim.period,
                "limit": number(claim.unit, claim.cap),
                "left": number(claim.unit, max(0, claim.cap - spent.get(claim.key, 0))),
                "resets_in": seconds_until(claim, now),
            }
            for claim in claims
        ]

    def purge(self, now: datetime | None = None) -> int:
        """Delete the counts of windows that have ended; returns how many."""
        return 0

    def problems(self) -> list[str]:
        """Why counts would not hold here: a sentence for each, for the system checks."""
        return []

    @abstractmethod
    def _take(self, claims: Sequence[Claim]) -> list[Claim]:
        """Add every claim's amount to its count where none passes its cap, or change nothing.

        Returns the claims that refuse, none when all was taken.
        """

    @abstractmethod
    def _book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        """Add to the claims' counts, never below zero.

        Returns those of the budgets that nobody had found at `Claim.warn_from` before.
        """

    @abstractmethod
    def _spent(self, keys: Sequence[str]) -> Mapping[str, int]:
        """The counts that exist, by key."""

    @abstractmethod
    def _first_to_reach(self, claim: Claim) -> bool:
        """Mark the claim's window as reached; whether nobody had before."""

    def _claims(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime
    ) -> list[Claim]:
        amounts = {"messages": 1, "tokens": tokens, "usd": nano_dollars(dollars)}
        return in_order(
            Claim.of(limit, identity, amounts[limit.unit], now)
            for limit in current_limits()
            if (identity := visitor.identity(limit.scope)) is not None
        )

    def _take_or_raise(self, claims: Sequence[Claim], visitor: Visitor, now: datetime) -> None:
        refusing = self._take(claims) if claims else []
        if refusing:
            raise self._refusal(refusing, visitor, now)

    def _full(self, claims: Sequence[Claim]) -> list[Claim]:
        """Those of the claims that do not fit into what is left now."""
        spent = self._spent([claim.key for claim in claims])
        return [c for c in claims if spent.get(c.key, 0) + c.amount > c.cap]

    def _refusal(self, refusing: Sequence[Claim], visitor: Visitor, now: datetime) -> ChatError:
        for claim in refusing:
            if claim.amount > claim.cap:
                _warn_too_small(str(claim.limit), claim.scope)
            if not self._first_to_reach(claim):
                continue
            if claim.is_budget:
                logger.warning(
                    "The site's budget of %s is spent: the chat answers nobody until %s.",
                    claim.limit,
                    claim.resets.isoformat(),
                )
                budget_reached.send_robust(type(self), limit=claim.limit, resets=claim.resets)
            else:
                limit_reached.send_robust(
                    type(self), limit=claim.limit, visitor=visitor, resets=claim.resets
                )
        error = BudgetExhausted if any(claim.is_budget for claim in refusing) else RateLimited
        return error(retry_after=max(seconds_until(claim, now) for claim in refusing))

    def _change(self, changes: Sequence[tuple[Claim, int]]) -> None:
        changes = [(claim, change) for claim, change in changes if change or claim.is_budget]
        for claim in self._book(changes) if changes else []:
            logger.warning(
                "The site has spent 80%% of its budget of %s; the budget is whole again at %s.",
                claim.limit,
                claim.resets.isoformat(),
            )


@cache
def _warn_too_small(limit: str, scope: str) -> None:
    """Cached, so that a process says it once for a limit."""
    logger.warning(
        'CHAT_LIMITS["%s"] has "%s", but one message may need more than all of it at worst: it '
        "is refused. Raise the limit, or lower CHAT_MAX_TOKENS or CHAT_MAX_HISTORY.",
        scope,
        limit,
    )
