"""Defaults in the database, with which processes of 0.1 can write rows after the migration.

SQLite can't change the default of a column. A site on SQLite stops its processes for the upgrade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import migrations

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def set_defaults(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    _alter(apps, schema_editor, "Conversation", "visitor", "SET DEFAULT ''")
    _alter(apps, schema_editor, "Message", "replaced", "SET DEFAULT false")
    empty = "(JSON_ARRAY())" if vendor == "mysql" else "'[]'"
    _alter(apps, schema_editor, "Message", "suggestions", f"SET DEFAULT {empty}")


def drop_defaults(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _alter(apps, schema_editor, "Conversation", "visitor", "DROP DEFAULT")
    _alter(apps, schema_editor, "Message", "replaced", "DROP DEFAULT")
    _alter(apps, schema_editor, "Message", "suggestions", "DROP DEFAULT")


def _alter(
    apps: Any, schema_editor: BaseDatabaseSchemaEditor, model: str, column: str, change: str
) -> None:
    if schema_editor.connection.vendor == "sqlite":
        return
    table = schema_editor.quote_name(apps.get_model("sitechat", model)._meta.db_table)
    name = schema_editor.quote_name(column)
    schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {name} {change}")


class Migration(migrations.Migration):
    atomic = False  # MariaDB and MySQL can't change tables in a transaction

    dependencies = [("sitechat", "0025_staff_in_chat")]

    operations = [migrations.RunPython(set_defaults, drop_defaults)]
