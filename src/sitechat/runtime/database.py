"""The chat's database: its alias, transactions, row locks and errors.

On sites with several databases, the chat reads its rows from the database that it writes to. A
replica lags behind, and may lack the message that the visitor has just sent.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic, sleep
from typing import Any, TypeVar

from django.apps import AppConfig, apps
from django.db import DatabaseError, OperationalError, connections, models, router, transaction
from django.utils.translation import gettext_noop

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")

RETRY_SECONDS = 10.0
"""Seconds after its first conflict for which a transaction is retried.

A conflict is an error that another transaction causes, such as a deadlock.
"""

CONFLICT_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
"""Conflicts on PostgreSQL: serialization failure, deadlock, lock not available."""

CONFLICT_NUMBERS = frozenset({1020, 1205, 1213})
"""Conflicts on MySQL and MariaDB: changed row, lock timeout, deadlock."""

RUN_MIGRATE = gettext_noop(
    "The database lacks tables or columns of the chat: run `manage.py migrate`."
)
"""What the owner must do about unapplied migrations."""

NEEDED_APPS = frozenset({"sitechat", "django.contrib.sessions"})
"""Apps whose tables a message needs."""

MISSING_CODES = frozenset({"42P01", "42703", 1146, 1054})
"""Codes of PostgreSQL and MySQL for a missing table or column."""

MISSING_ON_SQLITE = re.compile(r"no such (?:table|column)|has no column named")
"""SQLite's messages for a missing table or column. It has no error codes for them."""


class _Thread(threading.local):
    """The callbacks that a thread calls after its outermost `atomic` block."""

    later: list[tuple[Callable[[], None], bool]] | None = None
    """Each callback, and whether it is called only after a commit. None outside of `atomic`."""


_thread = _Thread()


class PrimaryManager(models.Manager[M]):
    """A manager that reads from the database that the site's routers choose for writing."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return a queryset on the database for writing."""
        return super().get_queryset().using(self._db or router.db_for_write(self.model))


def alias() -> str:
    """Return the alias of the chat's database in DATABASES."""
    return router.db_for_write(apps.get_model("sitechat", "Message"))


@contextmanager
def atomic() -> Iterator[None]:
    """Run the block in a transaction, and then call the work of `after_atomic` and `after_commit`.

    Inside another `atomic` block this is a savepoint, and the outermost block calls the work.
    """
    if _thread.later is not None:
        with transaction.atomic(using=alias()):
            yield
        return
    later: list[tuple[Callable[[], None], bool]] = []
    committed = False
    _thread.later = later
    try:
        with transaction.atomic(using=alias()):
            yield
        committed = True
    finally:
        _thread.later = None
        for work, needs_commit in later:
            if committed or not needs_commit:
                work()


def after_atomic(work: Callable[[], None]) -> None:
    """Call `work` after the outermost `atomic` block, or now if there is none.

    Unlike `transaction.on_commit`, this also calls `work` after a rollback, and in a site's
    `TestCase`, which never commits its transaction. `work` must not raise.
    """
    _later(work, needs_commit=False)


def after_commit(work: Callable[[], None]) -> None:
    """Call `work` like `after_atomic`, but not after a rollback. `work` must not raise."""
    _later(work, needs_commit=True)


def _later(work: Callable[[], None], *, needs_commit: bool) -> None:
    if _thread.later is None:
        work()
    else:
        _thread.later.append((work, needs_commit))


def attempts(
    *, also: tuple[type[DatabaseError], ...] = (), using: str | None = None
) -> Iterator[AbstractContextManager[None]]:
    """Yield attempts at a transaction until one meets no conflict with another transaction.

        for attempt in database.attempts():
            with attempt:
                ...  # the transaction

    Inside a transaction of the caller there is only one attempt, because a conflict ends the whole
    transaction.

    Args:
        also: Further error classes that are treated as conflicts in this transaction.
        using: The alias of the database; None for the chat's database.

    Raises:
        DatabaseError: The error is not a conflict, the caller has a transaction, or conflicts
            continued for RETRY_SECONDS.
    """
    deadline: float | None = None
    is_done = False

    @contextmanager
    def attempt() -> Iterator[None]:
        nonlocal deadline, is_done
        try:
            yield
            is_done = True
        except DatabaseError as error:
            deadline = deadline or monotonic() + RETRY_SECONDS
            can_retry = is_conflict(error) or isinstance(error, also)
            if in_transaction(using) or not can_retry or monotonic() > deadline:
                raise

    yield attempt()
    while not is_done:
        sleep(secrets.randbelow(100) / 1000)
        yield attempt()


def retry(
    work: Callable[[], T],
    *,
    also: tuple[type[DatabaseError], ...] = (),
    using: str | None = None,
) -> T:
    """Call a function that runs a transaction, and return its result. Repeat after a conflict.

    Args:
        work: Runs the transaction. It can be called several times.
        also: As in `attempts`.
        using: As in `attempts`.

    Raises:
        DatabaseError: The error is not a conflict, the caller has a transaction, or conflicts
            continued for RETRY_SECONDS.
    """
    for attempt in attempts(also=also, using=using):
        with attempt:
            return work()
    raise AssertionError("`attempts` ends only after an attempt without a conflict")


def is_conflict(error: DatabaseError) -> bool:
    """Return whether a statement failed because of a conflict with another transaction."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    number = error.args[0] if error.args else None
    on_sqlite = sqlstate is None and "locked" in str(error)
    return sqlstate in CONFLICT_SQLSTATES or number in CONFLICT_NUMBERS or on_sqlite


def lock(rows: models.QuerySet[Any]) -> None:
    """Lock the rows until the end of the transaction, in the order of their keys.

    Does nothing on SQLite, which locks the whole database at the first write.

    Args:
        rows: The rows. Rows of joined tables are locked as well.
    """
    if connections[rows.db].features.has_select_for_update:
        list(rows.order_by("pk").select_for_update().values_list("pk"))


def lock_row(model: type[models.Model], pk: object) -> None:
    """Lock one row until the end of the transaction, as `lock` does.

    If the database supports it, other transactions may still insert rows that refer to this row.
    The statement is written as SQL because every reply runs it, and the ORM would take three times
    as long to compose it.
    """
    connection = connections[router.db_for_write(model)]
    features, quote = connection.features, connection.ops.quote_name
    if not features.has_select_for_update:
        return
    key = model._meta.pk
    table, column = quote(model._meta.db_table), quote(key.attname)
    suffix = connection.ops.for_update_sql(no_key=features.has_select_for_no_key_update)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {table} WHERE {column} = %s {suffix}",  # noqa: S608
            [key.get_db_prep_value(pk, connection)],
        )
        cursor.fetchall()


def locks_rows() -> bool:
    """Return whether the database can lock single rows."""
    return bool(connections[alias()].features.has_select_for_update)


def returns_rows(using: str) -> bool:
    """Return whether INSERT, UPDATE and DELETE can return the rows that they wrote.

    True on PostgreSQL, and on SQLite from 3.35. MariaDB can return inserted rows only.

    Args:
        using: The alias of the database.
    """
    connection = connections[using]
    returns: bool = connection.features.can_return_rows_from_bulk_insert
    return returns and connection.vendor in {"postgresql", "sqlite"}


def in_transaction(using: str | None = None) -> bool:
    """Return whether this thread has an open transaction on `using` (None: the chat's database)."""
    return bool(transaction.get_connection(using or alias()).in_atomic_block)


def lacks_migrations(error: DatabaseError) -> bool:
    """Return whether a statement failed because of unapplied migrations.

    If the migrations can't be looked up, return whether a table or column is missing.
    """
    if not reports_missing_schema(error):
        return False
    try:
        return has_unapplied_migrations()
    except Exception:  # a failed transaction, a lost connection, or a broken migration of the site
        return True


def has_unapplied_migrations() -> bool:
    """Return whether one of NEEDED_APPS has unapplied migrations."""
    return any(map(_has_unapplied, apps.get_app_configs()))


def reports_missing_schema(error: DatabaseError) -> bool:
    """Return whether an error reports a missing table or column."""
    cause = error.__cause__
    codes = {getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None), *error.args[:1]}
    return bool(MISSING_CODES & codes) or bool(MISSING_ON_SQLITE.search(str(error)))


def _has_unapplied(app: AppConfig) -> bool:
    if app.name not in NEEDED_APPS:
        return False
    # Imported here so that processes start fast: only errors and checks need it.
    from django.db.migrations.executor import MigrationExecutor

    model = next(app.get_models())
    executor = MigrationExecutor(connections[router.db_for_write(model)])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes(app.label)))
