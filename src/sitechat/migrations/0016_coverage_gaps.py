"""Keep the page and language of messages, Claude's mark of replies, and groups of questions."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

AddIndexOnline = import_module("sitechat.migrations.0004_message_indexes").AddIndexOnline


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds no index concurrently inside a transaction

    dependencies = [("sitechat", "0015_contact")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="did_not_know",
            field=models.BooleanField(
                blank=True,
                help_text="Set if Claude marked that the reply lacks what was asked for.",
                null=True,
                verbose_name="did not know",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="language",
            field=models.CharField(
                blank=True,
                help_text="The language of the visitor's page.",
                max_length=16,
                null=True,
                verbose_name="language",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="page",
            field=models.CharField(
                blank=True,
                help_text="The path of the page on which the visitor asked.",
                max_length=500,
                null=True,
                verbose_name="page",
            ),
        ),
        migrations.AddField(
            model_name="unanswered",
            name="group",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="unanswered",
            name="language",
            field=models.CharField(blank=True, max_length=16, null=True, verbose_name="language"),
        ),
        migrations.AddField(
            model_name="unanswered",
            name="vector",
            field=models.BinaryField(null=True),
        ),
        AddIndexOnline(
            model_name="unanswered",
            index=models.Index(fields=["group"], name="sitechat_unanswered_group"),
        ),
    ]
