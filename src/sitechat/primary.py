"""The database in which the chat's rows are, on sites that have several.

They are read where they are written: a replica lags behind, and what a visitor wrote a moment ago
decides what happens next.
"""

from __future__ import annotations

from typing import TypeVar

from django.db import connections, models, router, transaction

M = TypeVar("M", bound=models.Model)


class PrimaryManager(models.Manager[M]):
    """Asks the database that the site's routers name for writing."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().using(self._db or router.db_for_write(self.model))


def alias() -> str:
    """The alias of that database in DATABASES."""
    from sitechat.models import Message

    return router.db_for_write(Message)


def atomic() -> transaction.Atomic:
    """A transaction on that database."""
    return transaction.atomic(using=alias())


def returns_rows(using: str) -> bool:
    """Whether any statement that writes to that database can return what it wrote.

    PostgreSQL can, and SQLite from 3.35 on; MariaDB returns only what it inserted.
    """
    connection = connections[using]
    returns: bool = connection.features.can_return_rows_from_bulk_insert
    return returns and connection.vendor in {"postgresql", "sqlite"}


def in_transaction() -> bool:
    """Whether this thread has a transaction open there."""
    return bool(transaction.get_connection(alias()).in_atomic_block)
