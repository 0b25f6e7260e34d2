"""Atomic updates of the database ledger's counters: all of a message's counters, or none.

A counter is the row of one `Count`. Its column `spent` includes the reserved amount, as
`Count.taken` does.

`SqlCounting` is for PostgreSQL and SQLite, and usually needs one statement. `OrmCounting` is for
other databases. Both lock the rows in the order of their keys, so that messages wait for each other
instead of ending in a deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Case, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest

from sitechat.ledger.claims import Change, Claim
from sitechat.models import Counter
from sitechat.runtime import database
from sitechat.runtime.utc_offsets import stored_moment


class Counting(Protocol):
    """The interface of both implementations."""

    needs_one_statement: bool
    """Whether `take` and `book` usually need only one statement each."""

    def take(self, claims: Sequence[Claim]) -> bool:
        """Add the claims' amounts if none exceeds its cap; otherwise change nothing.

        Returns:
            Whether the amounts were added.
        """

    def book(self, changes: Sequence[Change]) -> list[Claim]:
        """Apply changes to the counts, which never become negative.

        Returns:
            The budgets that reached `warn_from` for the first time in their window. Their rows
            are marked (`warned`).
        """


def counting(using: str) -> Counting:
    """Return the implementation for the database."""
    return SqlCounting(connections[using]) if database.returns_rows(using) else OrmCounting(using)


GREATEST = {"postgresql": "GREATEST", "sqlite": "MAX"}
"""The SQL function that returns the larger of two values, by database vendor."""


class SqlCounting:
    """Counting by statements that return the rows that they have written.

    Only the quoted table name and placeholders are formatted into their text.
    """

    needs_one_statement = True

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._counters = Counter.objects.using(connection.alias)
        self._table = connection.ops.quote_name(Counter._meta.db_table)
        self._greatest = GREATEST[connection.vendor]

    def take(self, claims: Sequence[Claim]) -> bool:
        """Add all claims or none of them; return whether they were added."""
        if any(claim.amount > claim.cap for claim in claims):
            return False
        with self._transaction():
            taken = {key for (key,) in self._add_within_caps(claims)}
            if len(taken) == len(claims):
                return True
            if taken:  # give back what was taken; delete the rows that this message has created
                self._apply([Change(c, -c.amount, -c.reserves) for c in claims if c.key in taken])
                self._counters.filter(key__in=taken, spent=0, warned=False, reached=False).delete()
        return False

    def book(self, changes: Sequence[Change]) -> list[Claim]:
        """Apply the changes; mark and return the budgets that have just reached `warn_from`."""
        budgets = {change.claim.key: change.claim for change in changes if change.claim.is_budget}
        with self._transaction():
            nearly = [
                budgets[key]
                for key, taken, reserved, warned in self._apply(changes)
                if key in budgets and taken - reserved >= budgets[key].warn_from and not warned
            ]
            return [
                claim
                for claim in nearly
                if self._counters.filter(key=claim.key, warned=False).update(warned=True)
            ]

    def _add_within_caps(self, claims: Sequence[Claim]) -> list[tuple[Any, ...]]:
        """Add to the counts that stay within their caps; return rows with their keys.

        Missing rows are created without a check: `take` has compared each amount with its cap.
        """
        expires = Counter._meta.get_field("expires")
        values: list[Any] = []
        for claim in claims:
            ends = expires.get_db_prep_save(stored_moment(claim.resets), self._connection)
            values += [claim.key, claim.amount, claim.reserves, ends, False, False]
        return self._run(
            f"INSERT INTO {self._table} AS counter"  # noqa: S608
            " (key, spent, reserved, expires, warned, reached)"
            f" VALUES {', '.join(['(%s, %s, %s, %s, %s, %s)'] * len(claims))}"
            " ON CONFLICT (key) DO UPDATE SET spent = counter.spent + excluded.spent,"
            " reserved = COALESCE(counter.reserved, 0) + excluded.reserved"
            f" WHERE counter.spent + excluded.spent <= {_case('counter.key', len(claims))}"
            " RETURNING key",
            [*values, *(part for claim in claims for part in (claim.key, claim.cap))],
        )

    def _apply(self, changes: Sequence[Change]) -> list[tuple[Any, ...]]:
        """Change existing counts; return rows of key, spent, reserved and warned."""
        keys = [change.claim.key for change in changes]
        rows = f"key IN ({', '.join(['%s'] * len(keys))})"
        if self._connection.vendor == "postgresql":  # UPDATE alone would lock rows in any order
            ordered = f"SELECT key FROM {self._table} WHERE {rows} ORDER BY key FOR UPDATE"  # noqa: S608
            rows = f"key IN ({ordered})"
        by_key = _case("key", len(keys))
        return self._run(
            f"UPDATE {self._table} SET"  # noqa: S608
            f" spent = {self._greatest}(0, spent + {by_key}),"
            f" reserved = {self._greatest}(0, COALESCE(reserved, 0) + {by_key})"
            f" WHERE {rows} RETURNING key, spent, reserved, warned",
            [
                *(part for each in changes for part in (each.claim.key, each.taken)),
                *(part for each in changes for part in (each.claim.key, each.reserved)),
                *keys,
            ],
        )

    def _transaction(self) -> transaction.Atomic:
        """Return a transaction without a savepoint, because no rollback would use it."""
        return transaction.atomic(using=self._connection.alias, savepoint=False)

    def _run(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _case(column: str, count: int) -> str:
    """Return a CASE expression that maps keys to numbers, for `count` pairs."""
    return f"CASE {column} {'WHEN %s THEN CAST(%s AS bigint) ' * count}END"


RESERVED_OR_0 = Coalesce(F("reserved"), Value(0), output_field=BigIntegerField())
"""The reserved part of a row's count; NULL counts as 0 (see `Counter`)."""


class OrmCounting:
    """Counting by Django's ORM: create and lock rows, then change them."""

    needs_one_statement = False

    def __init__(self, using: str) -> None:
        self._using = using
        self._counters = Counter.objects.using(using)

    def take(self, claims: Sequence[Claim]) -> bool:
        """Add all claims or none of them; return whether they were added."""
        fits = Q()
        for claim in claims:
            fits |= Q(key=claim.key, spent__lte=claim.cap - claim.amount)
        with transaction.atomic(using=self._using):
            self._lock(claims)
            taken = self._counters.filter(fits).update(
                spent=F("spent") + _by_key({claim.key: claim.amount for claim in claims}),
                reserved=RESERVED_OR_0 + _by_key({claim.key: claim.reserves for claim in claims}),
            )
            if taken == len(claims):
                return True
            transaction.set_rollback(True, using=self._using)
        return False

    def book(self, changes: Sequence[Change]) -> list[Claim]:
        """Apply the changes; mark and return the budgets that have just reached `warn_from`.

        Few changes bring a budget to `warn_from`. So one statement is tried that changes only rows
        that need no warning:

        1. Change these rows (`quiet`).
        2. If all rows were changed, or there are no budgets, return.
        3. Otherwise, a budget reaches `warn_from`, or a row is missing. Roll back step 1, change
           all rows, then mark the budgets that have reached `warn_from`.

        Example: A budget has `spent` 90, nothing reserved, and `warn_from` 100. A change by 5 ends
        with step 2. A change by 15 does not match in step 1, so step 3 writes 105 and marks it.
        """
        keys = [change.claim.key for change in changes]
        rows = self._counters.filter(key__in=keys).order_by("key")
        taken = {change.claim.key: change.taken for change in changes}
        reserved = {change.claim.key: change.reserved for change in changes}
        counts = {
            "spent": _not_below_zero(F("spent") + _by_key(taken)),
            "reserved": _not_below_zero(RESERVED_OR_0 + _by_key(reserved)),
        }
        budgets = [change for change in changes if change.claim.is_budget]
        # The rows that can be changed without a warning: all but budgets that reach `warn_from`.
        quiet = rows
        for change in budgets:
            # (spent + taken) - (reserved + change.reserved) < warn_from
            mark = change.claim.warn_from - change.taken + change.reserved
            below = Q(spent__lt=RESERVED_OR_0 + Value(mark))
            quiet = quiet.filter(~Q(key=change.claim.key) | Q(warned=True) | below)
        with transaction.atomic(using=self._using):
            if quiet.update(**counts) == len(changes) or not budgets:
                return []
            transaction.set_rollback(True, using=self._using)
        # A budget reaches `warn_from`, or a row is missing: change all rows, then mark the budgets.
        with transaction.atomic(using=self._using):
            rows.update(**counts)
            return [
                change.claim
                for change in budgets
                if self._counters.filter(
                    key=change.claim.key,
                    warned=False,
                    spent__gte=RESERVED_OR_0 + Value(change.claim.warn_from),
                ).update(warned=True)
            ]

    def _lock(self, claims: Sequence[Claim]) -> None:
        """Create missing rows and lock all rows, in one statement.

        Writing `expires` again locks existing rows. A write without an earlier SELECT lets SQLite
        wait for its lock instead of failing.
        """
        named = connections[self._using].features.supports_update_conflicts_with_target
        self._counters.bulk_create(
            [Counter(key=claim.key, expires=stored_moment(claim.resets)) for claim in claims],
            update_conflicts=True,
            update_fields=["expires"],
            unique_fields=["key"] if named else None,
        )


def _by_key(amounts: dict[str, int]) -> Case:
    """Return an expression with the amount of each row's key; 0 for other keys."""
    return Case(
        *(When(key=key, then=Value(amount)) for key, amount in amounts.items()),
        default=Value(0),
        output_field=BigIntegerField(),
    )


def _not_below_zero(count: Combinable) -> Greatest:
    return Greatest(count, Value(0), output_field=BigIntegerField())
