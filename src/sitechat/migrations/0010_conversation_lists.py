from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

AddIndexOnline = import_module("sitechat.migrations.0004_message_indexes").AddIndexOnline


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently inside a transaction

    dependencies = [("sitechat", "0009_counter_reserved")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="visitor",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="The random id in the session of the visitor who began it.",
                max_length=32,
                verbose_name="visitor",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="suggestions",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Questions that the site answers, offered after the reply.",
                verbose_name="suggestions",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="replaced",
            field=models.BooleanField(
                default=False,
                help_text="Asked again in other words: Claude no longer gets this turn.",
                verbose_name="replaced",
            ),
        ),
        AddIndexOnline(
            model_name="conversation",
            index=models.Index(fields=["visitor"], name="sitechat_conversation_visitor"),
        ),
    ]
