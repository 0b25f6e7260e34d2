"""The ledger in the site's database: exact across threads, processes and restarts."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from time import monotonic, sleep
from typing import TypeVar

from django.db import OperationalError, connections, router
from django.db.models import QuerySet
from django.utils import timezone

from sitechat.ledger.base import Ledger
from sitechat.ledger.claims import Claim, Reservation
from sitechat.ledger.counting import Counting, counting, stored
from sitechat.models import Counter
from sitechat.visitors import Visitor

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds in which a statement that lost to other transactions is tried again."""

ATTEMPTS = 3
PURGE_BATCH = 1000


class DatabaseLedger(Ledger):
    """Counts in the table `sitechat_counter`, one row per limit, identity and window.

    `reserve` and `settle` take one statement each, however many limits there are (on MySQL and
    MariaDB `reserve` takes two). Messages wait for each other only while their transactions last.
    """

    def check(
        self, visitor: Visitor, *, tokens: int, dollars: Decimal, now: datetime | None = None
    ) -> None:
        if self._counting().cheap:
            super().check(visitor, tokens=tokens, dollars=dollars, now=now)

    def rolled_back(self, reservation: Reservation, using: str) -> None:
        if router.db_for_write(Counter) != using:
            self.cancel(reservation)

    def purge(self, now: datetime | None = None) -> int:
        counters, ended, deleted = self._counters(), stored(now or timezone.now()), 0
        while keys := list(
            counters.filter(expires__lte=ended).values_list("key", flat=True)[:PURGE_BATCH]
        ):
            deleted += counters.filter(key__in=keys).delete()[0]
        return deleted

    def _take(self, claims: Sequence[Claim]) -> list[Claim]:
        for _ in range(ATTEMPTS):
            if self._persist(lambda: self._counting().take(claims)):
                return []
            if full := self._full(claims):
                return full
        return [min(claims, key=lambda claim: claim.expires)]

    def _book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        return self._persist(lambda: self._counting().book(changes))

    def _spent(self, keys: Sequence[str]) -> Mapping[str, int]:
        return dict(self._counters().filter(key__in=keys).values_list("key", "spent"))

    def _first_to_reach(self, claim: Claim) -> bool:
        """Reads first: of many refusals only one needs to write."""
        rows = self._counters().filter(key=claim.key, reached=False)
        return rows.exists() and bool(self._persist(lambda: rows.update(reached=True)))

    def _counters(self) -> QuerySet[Counter]:
        return Counter.objects.using(router.db_for_write(Counter))

    def _counting(self) -> Counting:
        return counting(router.db_for_write(Counter))

    def _persist(self, work: Callable[[], T]) -> T:
        """Do the work, again where the database ended a deadlock or a wait at its cost.

        Inside the caller's transaction that is the caller's to do: it may be gone.
        """
        gives_up = monotonic() + PATIENCE
        while True:
            try:
                return work()
            except OperationalError as error:
                inside = connections[self._counters().db].in_atomic_block
                if inside or not _lost_to_another(error) or monotonic() > gives_up:
                    raise
            sleep(secrets.randbelow(100) / 1000)


def _lost_to_another(error: OperationalError) -> bool:
    """Whether the database refused only because another transaction was in the way."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or getattr(
        error.__cause__, "pgcode", None
    )
    number = error.args[0] if error.args else None
    return (
        sqlstate in {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
        or number in {1020, 1205, 1213}  # MySQL, MariaDB: changed row, lock timeout, deadlock
        or (sqlstate is None and "locked" in str(error))  # SQLite
    )
