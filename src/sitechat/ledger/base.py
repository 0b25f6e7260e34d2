"""The base class of ledgers. Its subclasses store the counts, in the database or in a cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import NoReturn

from django.db import DatabaseError

from sitechat.errors import ChatError, LimitsReserved, Overloaded
from sitechat.ledger import limit_signals
from sitechat.ledger.claims import (
    Change,
    Claim,
    Count,
    LimitLeft,
    Reservation,
    in_current_windows,
    in_order,
    json_number,
    read_claims,
    seconds_until,
)
from sitechat.ledger.exceeded_limits import RETRY_SOON, Refusal, find_refusal
from sitechat.ledger.limits import current_limits, nano_dollars
from sitechat.ledger.visitor_identity import Visitor
from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

ATTEMPTS = 3
"""Maximum attempts to reserve. An attempt is repeated if the limits have room again after it."""


@contextmanager
def _or_overloaded() -> Iterator[None]:
    """Raise Overloaded if the store of the counts does not answer.

    Database errors are raised unchanged, so that their transaction ends and can be retried.
    """
    try:
        yield
    except (ChatError, DatabaseError):
        raise
    except Exception as error:
        logger.exception("The ledger does not answer, so a message is refused")
        raise Overloaded(retry_after=RETRY_SOON) from error


class Ledger(ABC):
    """Reserve, book and release usage. Subclasses change several counts atomically.

    In all methods, `now` is an aware datetime, by default the current time; `tokens` are input and
    output together. `Claim` and `Count` explain the terms. `reserve`, `count` and `check` raise
    Overloaded if the store does not answer. The other methods raise its errors unchanged.
    """

    def reserve(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime | None = None
    ) -> Reservation:
        """Reserve one message, its tokens and its dollars in every limit that applies, or in none.

        Signals about a refusal are sent when the surrounding `database.atomic` has ended.

        Raises:
            BudgetExhausted: A budget of the site (scope `site`, unit `usd`) would have no room
                even if all running replies released their reservations. `retry_after` is the
                number of seconds until all limits without room have started a new window.
            RateLimited: Another limit would have no room even then.
            LimitsReserved: There will be room when running replies release their reservations;
                `retry_after` is a few seconds.
            Overloaded: The store does not answer (a database raises DatabaseError instead).
        """
        now = now or datetime.now(timezone.utc)
        claims = self._claims(visitor, tokens=tokens, dollars=dollars, now=now)
        return self._reserve(claims, visitor, now)

    def count(self, visitor: Visitor, *, now: datetime | None = None) -> Reservation:
        """Count a message that is answered without Claude. Only limits on messages apply.

        Raises:
            RateLimited, LimitsReserved, Overloaded: As `reserve` does.
        """
        now = now or datetime.now(timezone.utc)
        claims = self._claims(visitor, tokens=0, dollars=Decimal(0), now=now)
        return self._reserve([each for each in claims if each.unit == "messages"], visitor, now)

    def check(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime | None = None
    ) -> None:
        """Raise the error that `reserve` would raise now; do nothing if the message fits."""
        now = now or datetime.now(timezone.utc)
        claims = self._claims(visitor, tokens=tokens, dollars=dollars, now=now)
        with _or_overloaded():
            refusal = self._refusal(claims, now)
        if refusal:
            self._refuse(refusal, visitor)

    def extend(
        self,
        reservation: Reservation,
        visitor: Visitor,
        *,
        tokens: int,
        dollars: Decimal,
        now: datetime | None = None,
    ) -> Reservation | None:
        """Reserve more tokens and dollars for a message that has a reservation.

        If a new window has started since the first reservation, the additional amount is reserved
        in the new window, and `settle` books the whole usage there. No signal is sent, because no
        message is refused.

        Returns:
            The larger reservation, which replaces `reservation`; None if the limits have no room
            for it. Then nothing more was reserved.
        """
        now = now or datetime.now(timezone.utc)
        held = {claim.key: claim for claim in read_claims(reservation)}
        more = [
            claim
            for claim in self._claims(visitor, tokens=tokens, dollars=dollars, now=now)
            if claim.unit != "messages"
        ]
        if self._take_or_refuse(more, now):
            return None
        for claim in more:
            before = held[claim.key].amount if claim.key in held else 0
            held[claim.key] = replace(claim, amount=before + claim.amount)
        return [claim.stored() for claim in in_order(held.values())]

    def settle(
        self,
        reservation: Reservation,
        *,
        tokens: int,
        dollars: Decimal,
        now: datetime | None = None,
    ) -> None:
        """Replace the reservation by the actual usage, which may be higher or lower.

        Call this once for each reservation. The message stays counted. Counts of windows that have
        ended do not change.
        """
        used = {"tokens": tokens, "usd": nano_dollars(dollars)}
        self._change(
            Change(claim, used[claim.unit] - claim.amount, -claim.reserves)
            for claim in in_current_windows(reservation, now)
            if claim.unit in used
        )

    def reopen(
        self,
        reservation: Reservation,
        *,
        tokens: int,
        dollars: Decimal,
        now: datetime | None = None,
    ) -> None:
        """Undo a `settle` with this usage, so that the amount is reserved again."""
        used = {"tokens": tokens, "usd": nano_dollars(dollars)}
        self._change(
            Change(claim, claim.amount - used[claim.unit], claim.reserves)
            for claim in in_current_windows(reservation, now)
            if claim.unit in used
        )

    def cancel(self, reservation: Reservation, *, now: datetime | None = None) -> None:
        """Undo the reservation of a message that was not sent to Claude, and do not count it."""
        self._change(
            Change(claim, -claim.amount, -claim.reserves)
            for claim in in_current_windows(reservation, now)
        )

    def cancel_after_rollback(self, reservation: Reservation, using: str) -> None:
        """Cancel a reservation, unless the rollback of a transaction on `using` has done so."""
        if not self.counts_in(using):
            self.cancel(reservation)

    def counts_in(self, using: str) -> bool:
        """Return whether the counts are rows of the database `using`, which rollbacks restore."""
        return False

    def left(self, visitor: Visitor, *, now: datetime | None = None) -> list[LimitLeft]:
        """Return what is left of each limit of the visitor. Reserved amounts count as used.

        Limits of scope `site` are not returned, because visitors must not see them.
        """
        now = now or datetime.now(timezone.utc)
        claims = [
            claim
            for claim in self._claims(visitor, tokens=0, dollars=Decimal(0), now=now)
            if claim.scope != "site"
        ]
        counts = self._counts([claim.key for claim in claims]) if claims else {}
        taken = {key: count.taken for key, count in counts.items()}
        return [
            {
                "scope": claim.scope,
                "unit": claim.unit,
                "period": claim.period,
                "limit": json_number(claim.unit, claim.cap),
                "left": json_number(claim.unit, max(0, claim.cap - taken.get(claim.key, 0))),
                "resets_in": seconds_until(claim, now),
            }
            for claim in claims
        ]

    def purge(self, now: datetime | None = None) -> int:
        """Delete the counts of past windows and return how many; 0 if they expire."""
        return 0

    def problems(self) -> list[str]:
        """Return the reasons why counts are not reliable, as sentences for system checks."""
        return []

    @abstractmethod
    def _take(self, claims: Sequence[Claim]) -> bool:
        """Add all claims to their counts, or none of them if a count would exceed its cap.

        Return whether the claims were added.
        """

    @abstractmethod
    def _book(self, changes: Sequence[Change]) -> list[Claim]:
        """Change the counts.

        Returns:
            The budgets that reached `Claim.warn_from` for the first time in their window.
        """

    @abstractmethod
    def _counts(self, keys: Sequence[str]) -> Mapping[str, Count]:
        """Return the counts that exist, by key."""

    @abstractmethod
    def _first_to_reach(self, claim: Claim) -> bool:
        """Mark the claim's limit as reached and return whether it was not marked before."""

    def _claims(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime
    ) -> list[Claim]:
        amounts = {"messages": 1, "tokens": tokens, "usd": nano_dollars(dollars)}
        return in_order(
            Claim.of(limit, identity, amounts[limit.unit], now)
            for limit in current_limits()
            if (identity := visitor.identity(limit.scope)) is not None
        )

    def _reserve(self, claims: Sequence[Claim], visitor: Visitor, now: datetime) -> Reservation:
        with _or_overloaded():
            refusal = self._take_or_refuse(claims, now)
        if refusal:
            self._refuse(refusal, visitor)
        return [claim.stored() for claim in claims]

    def _take_or_refuse(self, claims: Sequence[Claim], now: datetime) -> Refusal | None:
        """Reserve all claims and return None, or reserve none and return the refusal."""
        if not claims:
            return None
        for _attempt in range(ATTEMPTS):
            if self._take(claims):
                return None
            if refusal := self._refusal(claims, now):
                return refusal
        return Refusal(LimitsReserved(retry_after=RETRY_SOON))

    def _refusal(self, claims: Sequence[Claim], now: datetime) -> Refusal | None:
        """Return the refusal if the claims exceed the limits now, else None."""
        counts = self._counts([claim.key for claim in claims]) if claims else {}
        return find_refusal(claims, counts, now)

    def _refuse(self, refusal: Refusal, visitor: Visitor) -> NoReturn:
        if refusal.reached:
            database.after_atomic(partial(self._report, refusal.reached, visitor))
        raise refusal.error

    def _report(self, reached: Sequence[tuple[Claim, Count]], visitor: Visitor) -> None:
        """Report each reached limit once per window. Errors here do not change the refusal."""
        for claim, count in reached:
            if claim.amount > claim.cap:
                limit_signals.warn_too_small(str(claim.limit), claim.scope)
            try:
                if self._first_to_reach(claim):
                    limit_signals.report_reached(type(self), claim, count, visitor)
            except Exception:
                logger.exception("Failed to record that the limit %s was reached", claim.limit)

    def _change(self, changes: Iterable[Change]) -> None:
        # `_book` also gets budgets without a change, because it checks their warning threshold.
        changes = [each for each in changes if each.taken or each.reserved or each.claim.is_budget]
        for claim in self._book(changes) if changes else []:
            limit_signals.report_nearly_spent(type(self), claim)
