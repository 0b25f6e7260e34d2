"""Keep ratings with unanswered questions; indexes for the report and the list of answers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.db import migrations, models

AddIndexOnline = import_module("sitechat.migrations.0004_message_indexes").AddIndexOnline


def copy_ratings(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("sitechat", "Unanswered").objects.using(schema_editor.connection.alias)
    for rating in (-1, 0, 1):
        rows.filter(reply__rating=rating).update(rating=rating)


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently inside a transaction

    dependencies = [("sitechat", "0026_database_defaults")]

    operations = [
        migrations.AddField(
            model_name="unanswered",
            name="rating",
            field=models.SmallIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(copy_ratings, migrations.RunPython.noop),
        AddIndexOnline(
            model_name="conversation",
            index=models.Index(fields=["command"], name="sitechat_conversation_command"),
        ),
        AddIndexOnline(
            model_name="approvedanswer",
            index=models.Index(fields=["updated"], name="sitechat_answer_updated"),
        ),
    ]
