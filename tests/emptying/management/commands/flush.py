"""Empties the tables after a test that commits. Django's test case calls this command."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connections, transaction

Row = tuple[Any, ...]

KEPT = (ContentType, Permission)
"""Models of whose tables Django writes the rows again after each test, which is expensive."""

_kept_rows: dict[str, list[Row]] = {}
"""The rows of these models after a complete flush, by database."""


class Command(flush.Command):
    """Delete the rows of tables that have some, except content types and permissions.

    If the test has changed content types or permissions, this is Django's own command.
    """

    def handle(self, **options: Any) -> None:
        alias = options.get("database", DEFAULT_DB_ALIAS)
        name = str(connections[alias].settings_dict["NAME"])
        tables = connections[alias].introspection.django_table_names(only_existing=True)
        kept = {model._meta.db_table for model in KEPT}
        is_complete = options.get("reset_sequences", True) or not kept <= {*tables}
        if is_complete or rows(alias) != _kept_rows.get(name):
            super().handle(**options)
            if kept <= {*tables}:
                _kept_rows[name] = rows(alias)
        else:
            empty(alias, [table for table in tables if table not in kept])


def rows(alias: str) -> list[Row]:
    """Return the content types and permissions."""
    return [
        row
        for model in KEPT
        for row in model._default_manager.using(alias).order_by("pk").values_list()
    ]


def empty(alias: str, tables: list[str]) -> None:
    """Delete all rows of these tables."""
    connection = connections[alias]
    names = [connection.ops.quote_name(table) for table in tables]
    with connection.cursor() as cursor:
        parts = (f"EXISTS(SELECT 1 FROM {name})" for name in names)  # noqa: S608
        cursor.execute(f"SELECT {', '.join(parts)}")
        has_rows = cursor.fetchone()
    filled = [name for name, has in zip(names, has_rows, strict=True) if has]
    if not filled:
        return
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(using=alias),
        connection.cursor() as cursor,
    ):
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608
