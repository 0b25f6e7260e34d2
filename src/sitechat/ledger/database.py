"""The ledger in the site's database: exact across threads, processes and restarts."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic, sleep
from typing import TypeVar

from django.conf import settings
from django.db import OperationalError, connections, router, transaction
from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from sitechat.ledger.base import Ledger
from sitechat.ledger.claims import Claim
from sitechat.models import Counter

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds in which a statement that lost to other transactions is tried again."""

ATTEMPTS = 3
PURGE_BATCH = 1000


class DatabaseLedger(Ledger):
    """Counts in the table `sitechat_counter`, one row per limit, identity and window.

    `reserve` takes two statements in one transaction and `settle` one, however many limits
    there are. All the rows of a message are locked in the order of their keys, so messages wait
    for each other instead of deadlocking, and only while their transactions last.
    """

    def purge(self, now: datetime | None = None) -> int:
        counters, ended, deleted = self._counters(), _stored(now or timezone.now()), 0
        while keys := list(
            counters.filter(expires__lte=ended).values_list("key", flat=True)[:PURGE_BATCH]
        ):
            deleted += counters.filter(key__in=keys).delete()[0]
        return deleted

    def _take(self, claims: Sequence[Claim]) -> list[Claim]:
        for _ in range(ATTEMPTS):
            if self._persist(lambda: self._taken(claims)):
                return []
            if full := self._full(claims):
                return full
        return [min(claims, key=lambda claim: claim.expires)]

    def _taken(self, claims: Sequence[Claim]) -> bool:
        """Whether all of it fitted and was taken."""
        counters = self._counters()
        fits = Q()
        for claim in claims:
            fits |= Q(key=claim.key, spent__lte=claim.cap - claim.amount)
        with transaction.atomic(using=counters.db):
            self._lock(counters, claims)
            taken = counters.filter(fits).update(
                spent=F("spent") + _by_key([(claim, claim.amount) for claim in claims])
            )
            if taken == len(claims):
                return True
            transaction.set_rollback(True, using=counters.db)
        return False

    def _lock(self, counters: QuerySet[Counter], claims: Sequence[Claim]) -> None:
        """Create the rows that are missing and lock them all, in one statement.

        Writing `expires` anew is what locks the rows that exist. Writing first, without a
        SELECT, is also what lets SQLite wait for its turn instead of saying that it is locked.
        """
        named = connections[counters.db].features.supports_update_conflicts_with_target
        counters.bulk_create(
            [Counter(key=claim.key, expires=_stored(claim.resets)) for claim in claims],
            update_conflicts=True,
            update_fields=["expires"],
            unique_fields=["key"] if named else None,
        )

    def _book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        return self._persist(lambda: self._booked(changes))

    def _booked(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        """First as if no budget came to its warning mark, which takes one statement."""
        counters = self._counters()
        rows = self._in_order(counters, [claim.key for claim, _ in changes])
        spent = Greatest(F("spent") + _by_key(changes), Value(0), output_field=BigIntegerField())
        budgets = [(claim, change) for claim, change in changes if claim.is_budget]
        quiet = rows
        for claim, change in budgets:
            quiet = quiet.filter(
                ~Q(key=claim.key) | Q(warned=True) | Q(spent__lt=claim.warn_from - change)
            )
        with transaction.atomic(using=counters.db):
            if quiet.update(spent=spent) == len(changes) or not budgets:
                return []
            transaction.set_rollback(True, using=counters.db)
        with transaction.atomic(using=counters.db):
            rows.update(spent=spent)
            return [
                claim
                for claim, _ in budgets
                if counters.filter(key=claim.key, warned=False, spent__gte=claim.warn_from).update(
                    warned=True
                )
            ]

    def _in_order(self, counters: QuerySet[Counter], keys: Sequence[str]) -> QuerySet[Counter]:
        """The rows of the keys, to be updated in the order of the keys.

        PostgreSQL updates rows in any order, but locks them in a subquery's. MySQL and MariaDB
        obey an UPDATE's own order. SQLite locks the whole database anyway.
        """
        rows = counters.filter(key__in=keys).order_by("key")
        if connections[counters.db].vendor == "postgresql":
            return counters.filter(key__in=rows.select_for_update().values("key"))
        return rows

    def _spent(self, keys: Sequence[str]) -> Mapping[str, int]:
        return dict(self._counters().filter(key__in=keys).values_list("key", "spent"))

    def _first_to_reach(self, claim: Claim) -> bool:
        """Reads first: of many refusals only one needs to write."""
        rows = self._counters().filter(key=claim.key, reached=False)
        return rows.exists() and bool(self._persist(lambda: rows.update(reached=True)))

    def _counters(self) -> QuerySet[Counter]:
        return Counter.objects.using(router.db_for_write(Counter))

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


def _by_key(amounts: Sequence[tuple[Claim, int]]) -> Case:
    return Case(
        *(When(key=claim.key, then=Value(amount)) for claim, amount in amounts),
        default=Value(0),
        output_field=BigIntegerField(),
    )


def _stored(moment: datetime) -> datetime:
    """As the site's database keeps it: aware, or naive local time on sites without USE_TZ."""
    if not timezone.is_aware(moment):
        moment = timezone.make_aware(moment)
    return moment if settings.USE_TZ else timezone.make_naive(moment)
