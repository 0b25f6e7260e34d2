from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models, router


def delete_what_nobody_owns(apps: Any, schema_editor: Any) -> None:
    """Delete the conversations of users who are gone, which the constraint would not let in."""
    alias = schema_editor.connection.alias
    user = apps.get_model(settings.AUTH_USER_MODEL)
    if not router.allow_migrate_model(alias, user):
        return  # the users are in another database
    owner = user._base_manager.using(alias).filter(pk=models.OuterRef("user_id"))
    conversations = apps.get_model("sitechat", "Conversation")._base_manager.using(alias)
    conversations.filter(~models.Exists(owner), user__isnull=False).delete()
    if schema_editor.connection.vendor == "postgresql":
        # It alters no table that has deferred checks.
        schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("sitechat", "0007_commands"),
    ]

    operations = [
        migrations.AlterField(
            model_name="conversation",
            name="user",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chat_conversations",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, delete_what_nobody_owns),
    ]
