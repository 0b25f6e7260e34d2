from __future__ import annotations

from typing import Any

from django.db import migrations, models


class AddIndexOnline(migrations.AddIndex):
    """An index that PostgreSQL builds while the chat goes on writing, as MySQL does anyway."""

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, self.index, **self._online(schema_editor))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, **self._online(schema_editor))

    def _online(self, schema_editor: Any) -> dict[str, bool]:
        postgresql = schema_editor.connection.vendor == "postgresql"
        return {"concurrently": True} if postgresql else {}


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently inside a transaction

    dependencies = [("sitechat", "0003_owner")]

    operations = [
        AddIndexOnline(
            model_name="message",
            index=models.Index(fields=["status", "conversation"], name="sitechat_message_status"),
        ),
        AddIndexOnline(
            model_name="message",
            index=models.Index(fields=["rating", "conversation"], name="sitechat_message_rating"),
        ),
    ]
