"""The ledger in the site's database: exact across threads, processes and restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TypeVar

from django.db import router
from django.db.models import QuerySet

from sitechat.ledger.base import Ledger
from sitechat.ledger.claims import Change, Claim, Count
from sitechat.ledger.database_counters import Counting, counting
from sitechat.ledger.visitor_identity import Visitor
from sitechat.models import Counter
from sitechat.runtime import database
from sitechat.runtime.utc_offsets import stored_moment

T = TypeVar("T")

PURGE_BATCH = 1000
"""Maximum number of counters that one statement of `purge` deletes."""

CLOCK_CHANGE = timedelta(hours=1)
"""The time by which local clocks go back at the end of summer time."""


class DatabaseLedger(Ledger):
    """A ledger in the table `sitechat_counter`, one row per limit, identity and window.

    `reserve` and `settle` usually need one statement each, even with many limits (`reserve` needs
    two on MySQL and MariaDB). Messages wait for each other only while their transactions last.
    """

    def check(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime | None = None
    ) -> None:
        """Raise the error that `reserve` would raise now; do nothing if the message fits.

        On databases that do not reserve in one statement (MySQL, MariaDB), always do nothing,
        because the check would take as long as the reservation.
        """
        if self._counting().needs_one_statement:
            super().check(visitor, tokens=tokens, dollars=dollars, now=now)

    def counts_in(self, using: str) -> bool:
        """Return whether the counters are rows of the database `using`."""
        return bool(router.db_for_write(Counter) == using)

    def purge(self, now: datetime | None = None) -> int:
        """Delete the counters of past windows, and return their number."""
        now = now or datetime.now(timezone.utc)
        # Without USE_TZ, local times are repeated when clocks go back. A window that has not ended
        # could then seem to have ended.
        ended = min(stored_moment(now), stored_moment(now + CLOCK_CHANGE) - CLOCK_CHANGE)
        counters, deleted = self._counters(), 0
        while keys := list(
            counters.filter(expires__lte=ended).values_list("key", flat=True)[:PURGE_BATCH]
        ):
            deleted += self._persist(counters.filter(key__in=keys).delete)[0]
        return deleted

    def _take(self, claims: Sequence[Claim]) -> bool:
        is_taken = False
        for attempt in database.attempts(using=router.db_for_write(Counter)):
            with attempt:
                is_taken = self._counting().take(claims)
        return is_taken

    def _book(self, changes: Sequence[Change]) -> list[Claim]:
        changed: list[Claim] = []
        for attempt in database.attempts(using=router.db_for_write(Counter)):
            with attempt:
                changed = self._counting().book(changes)
        return changed

    def _counts(self, keys: Sequence[str]) -> Mapping[str, Count]:
        rows = self._counters().filter(key__in=keys).values_list("key", "spent", "reserved")
        return {key: Count(spent, reserved or 0) for key, spent, reserved in rows}

    def _first_to_reach(self, claim: Claim) -> bool:
        """Mark the limit as reached, and return whether it was not marked before.

        Read the row first, because only the first refusal in a window has to write.
        """
        row = self._counters().filter(key=claim.key)
        reached = row.values_list("reached", flat=True).first()
        if reached is None:  # the limit has no row in this window
            self._persist(
                lambda: self._counters().bulk_create(
                    [Counter(key=claim.key, expires=stored_moment(claim.resets))],
                    ignore_conflicts=True,
                )
            )
        return not reached and bool(
            self._persist(lambda: row.filter(reached=False).update(reached=True))
        )

    def _counters(self) -> QuerySet[Counter]:
        return Counter.objects.using(router.db_for_write(Counter))

    def _counting(self) -> Counting:
        return counting(router.db_for_write(Counter))

    def _persist(self, work: Callable[[], T]) -> T:
        """Run `work`, and retry it after conflicts with other messages."""
        return database.retry(work, using=router.db_for_write(Counter))
