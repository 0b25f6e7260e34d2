"""How the database ledger's rows are counted up and down: all of a message's or none.

`Together` is for PostgreSQL and SQLite, where one statement does it; `Stepwise` for the others.
Both lock the rows in the order of their keys, so messages wait for each other instead of
deadlocking.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Case, F, Q, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from sitechat import primary
from sitechat.ledger.claims import Claim
from sitechat.models import Counter


class Counting(Protocol):
    """Takes claims from the counts, and books changes to them."""

    cheap: bool
    """Whether `take` and `book` are one statement each, so that there is one to spare."""

    def take(self, claims: Sequence[Claim]) -> bool:
        """Add the claims' amounts where none passes its cap, else change nothing.

        Returns whether they were added.
        """

    def book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        """Add to the counts, never below zero; the budgets that are nearly spent for the first
        time, which are marked."""


def counting(using: str) -> Counting:
    """The way of counting that fits the database."""
    return Together(connections[using]) if primary.returns_rows(using) else Stepwise(using)


def stored(moment: datetime) -> datetime:
    """As the site's database keeps it: aware, or naive local time on sites without USE_TZ."""
    if not timezone.is_aware(moment):
        moment = timezone.make_aware(moment)
    return moment if settings.USE_TZ else timezone.make_naive(moment)


GREATEST = {"postgresql": "GREATEST", "sqlite": "MAX"}
"""What the larger of two values is called."""


class Together:
    """SQL that returns what it has written.

    All that is put into its text is the table's quoted name and how many values there are.
    """

    cheap = True

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._counters = Counter.objects.using(connection.alias)
        self._table = connection.ops.quote_name(Counter._meta.db_table)
        self._greatest = GREATEST[connection.vendor]

    def take(self, claims: Sequence[Claim]) -> bool:
        if any(claim.amount > claim.cap for claim in claims):
            return False
        with self._transaction():
            taken = {key for (key,) in self._taken(claims)}
            if len(taken) == len(claims):
                return True
            if taken:
                self._booked([(c, -c.amount) for c in claims if c.key in taken])
                self._counters.filter(key__in=taken, spent=0, warned=False, reached=False).delete()
        return False

    def book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        budgets = {claim.key: claim for claim, _ in changes if claim.is_budget}
        with self._transaction():
            nearly = [
                budgets[key]
                for key, spent, warned in self._booked(changes)
                if key in budgets and spent >= budgets[key].warn_from and not warned
            ]
            return [
                claim
                for claim in nearly
                if self._counters.filter(key=claim.key, warned=False).update(warned=True)
            ]

    def _taken(self, claims: Sequence[Claim]) -> list[tuple[Any, ...]]:
        """Add to those of the counts that stay within their caps; their keys."""
        expires = Counter._meta.get_field("expires")
        values: list[Any] = []
        for claim in claims:
            ends = expires.get_db_prep_save(stored(claim.resets), self._connection)
            values += [claim.key, claim.amount, ends, False, False]
        return self._run(
            f"INSERT INTO {self._table} AS counter (key, spent, expires, warned, reached)"  # noqa: S608
            f" VALUES {', '.join(['(%s, %s, %s, %s, %s)'] * len(claims))}"
            " ON CONFLICT (key) DO UPDATE SET spent = counter.spent + excluded.spent"
            f" WHERE counter.spent + excluded.spent <= {_case('counter.key', len(claims))}"
            " RETURNING key",
            [*values, *(part for claim in claims for part in (claim.key, claim.cap))],
        )

    def _booked(self, changes: Sequence[tuple[Claim, int]]) -> list[tuple[Any, ...]]:
        """Change the counts that exist; key, count and mark of each."""
        keys = [claim.key for claim, _ in changes]
        rows = f"key IN ({', '.join(['%s'] * len(keys))})"
        if self._connection.vendor == "postgresql":  # which updates in any order
            ordered = f"SELECT key FROM {self._table} WHERE {rows} ORDER BY key FOR UPDATE"  # noqa: S608
            rows = f"key IN ({ordered})"
        return self._run(
            f"UPDATE {self._table} SET spent ="  # noqa: S608
            f" {self._greatest}(0, spent + {_case('key', len(keys))})"
            f" WHERE {rows} RETURNING key, spent, warned",
            [*(part for claim, change in changes for part in (claim.key, change)), *keys],
        )

    def _transaction(self) -> transaction.Atomic:
        """One that needs no savepoint inside another: nothing is rolled back here."""
        return transaction.atomic(using=self._connection.alias, savepoint=False)

    def _run(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _case(column: str, count: int) -> str:
    """A number by key, of `count` pairs of key and number."""
    return f"CASE {column} {'WHEN %s THEN CAST(%s AS bigint) ' * count}END"


class Stepwise:
    """Django's ORM: rows are created and locked, then changed."""

    cheap = False

    def __init__(self, using: str) -> None:
        self._using = using
        self._counters = Counter.objects.using(using)

    def take(self, claims: Sequence[Claim]) -> bool:
        fits = Q()
        for claim in claims:
            fits |= Q(key=claim.key, spent__lte=claim.cap - claim.amount)
        with transaction.atomic(using=self._using):
            self._lock(claims)
            taken = self._counters.filter(fits).update(
                spent=F("spent") + _by_key([(claim, claim.amount) for claim in claims])
            )
            if taken == len(claims):
                return True
            transaction.set_rollback(True, using=self._using)
        return False

    def book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        """First as if no budget came to its warning mark, which takes one statement."""
        rows = self._counters.filter(key__in=[claim.key for claim, _ in changes]).order_by("key")
        spent = Greatest(F("spent") + _by_key(changes), Value(0), output_field=BigIntegerField())
        budgets = [(claim, change) for claim, change in changes if claim.is_budget]
        quiet = rows
        for claim, change in budgets:
            quiet = quiet.filter(
                ~Q(key=claim.key) | Q(warned=True) | Q(spent__lt=claim.warn_from - change)
            )
        with transaction.atomic(using=self._using):
            if quiet.update(spent=spent) == len(changes) or not budgets:
                return []
            transaction.set_rollback(True, using=self._using)
        with transaction.atomic(using=self._using):
            rows.update(spent=spent)
            return [
                claim
                for claim, _ in budgets
                if self._counters.filter(
                    key=claim.key, warned=False, spent__gte=claim.warn_from
                ).update(warned=True)
            ]

    def _lock(self, claims: Sequence[Claim]) -> None:
        """Create the rows that are missing and lock them all, in one statement.

        Writing `expires` anew is what locks the rows that exist. Writing first, without a
        SELECT, is also what lets SQLite wait for its turn instead of saying that it is locked.
        """
        named = connections[self._using].features.supports_update_conflicts_with_target
        self._counters.bulk_create(
            [Counter(key=claim.key, expires=stored(claim.resets)) for claim in claims],
            update_conflicts=True,
            update_fields=["expires"],
            unique_fields=["key"] if named else None,
        )


def _by_key(amounts: Sequence[tuple[Claim, int]]) -> Case:
    return Case(
        *(When(key=claim.key, then=Value(amount)) for claim, amount in amounts),
        default=Value(0),
        output_field=BigIntegerField(),
    )
