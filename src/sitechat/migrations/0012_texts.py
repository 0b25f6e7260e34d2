"""Change labels and help texts. No SQL is run."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0011_message_suspected"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="sourceframe",
            options={
                "verbose_name": "shared text of a source",
                "verbose_name_plural": "shared texts of sources",
            },
        ),
        migrations.AlterField(
            model_name="conversation",
            name="command",
            field=models.CharField(
                blank=True,
                choices=[
                    ("chat_ask", "chat_ask"),
                    ("chat_eval", "chat_eval"),
                    ("chat_doctor", "chat_doctor"),
                ],
                help_text="The command that asked the questions; empty for visitors.",
                max_length=32,
                null=True,
                verbose_name="command",
            ),
        ),
        migrations.AlterField(
            model_name="conversation",
            name="visitor",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="The random id in the session of the visitor who started the conversation.",
                max_length=32,
                verbose_name="visitor",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="client_id",
            field=models.UUIDField(
                blank=True,
                help_text="The id that the visitor's browser gave the message. It identifies retries.",
                null=True,
                verbose_name="the visitor's id",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="failure",
            field=models.JSONField(
                blank=True,
                help_text="Why Claude did not answer. Visitors never see it.",
                null=True,
                verbose_name="failure",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="replaced",
            field=models.BooleanField(
                default=False,
                help_text="Set if the visitor asked again in other words. Claude does not get the turn.",
                verbose_name="replaced",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="reserved",
            field=models.JSONField(
                blank=True,
                help_text="What the ledger reserves for the reply until its real usage is known.",
                null=True,
                verbose_name="reserved",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="running_in",
            field=models.OneToOneField(
                blank=True,
                help_text="Set while the reply is running: at most one per conversation.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="running",
                to="sitechat.conversation",
                verbose_name="running in",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="slot",
            field=models.CharField(
                blank=True,
                help_text="Set while the reply is running: limits the running replies of an IP address.",
                max_length=48,
                null=True,
                unique=True,
                verbose_name="slot",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="status",
            field=models.CharField(
                choices=[
                    ("running", "running"),
                    ("complete", "complete"),
                    ("truncated", "cut at the maximum length"),
                    ("stopped", "stopped by the visitor"),
                    ("refused", "refused by Claude"),
                    ("failed", "failed"),
                    ("interrupted", "interrupted"),
                ],
                default="complete",
                max_length=16,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="stop_at",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="The number of characters after which the visitor stopped the reply.",
                null=True,
                verbose_name="stop at",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="suggestions",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Follow-up questions offered after the reply.",
                verbose_name="suggestions",
            ),
        ),
        migrations.AlterField(
            model_name="page",
            name="error",
            field=models.TextField(blank=True, verbose_name="error"),
        ),
        migrations.AlterField(
            model_name="page",
            name="key",
            field=models.CharField(
                blank=True,
                help_text="The source's own key for this page.",
                max_length=200,
                verbose_name="key",
            ),
        ),
        migrations.AlterField(
            model_name="summary",
            name="conversations",
            field=models.PositiveIntegerField(default=0, verbose_name="new conversations"),
        ),
        migrations.AlterField(
            model_name="usage",
            name="cache_write_1h_tokens",
            field=models.IntegerField(
                blank=True,
                help_text="Kept by Claude for an hour; included in cache-write tokens.",
                null=True,
                verbose_name="1-hour cache-write tokens",
            ),
        ),
        migrations.AlterField(
            model_name="usage",
            name="command",
            field=models.CharField(
                blank=True,
                choices=[
                    ("chat_ask", "chat_ask"),
                    ("chat_eval", "chat_eval"),
                    ("chat_doctor", "chat_doctor"),
                ],
                help_text="The command that asked the question; empty for visitors.",
                max_length=32,
                null=True,
                verbose_name="command",
            ),
        ),
        migrations.AlterField(
            model_name="usage",
            name="estimated",
            field=models.BooleanField(
                default=False,
                help_text="Claude reported no usage, so it was estimated.",
                verbose_name="estimated",
            ),
        ),
        migrations.AlterField(
            model_name="usage",
            name="status",
            field=models.CharField(
                choices=[
                    ("running", "running"),
                    ("complete", "complete"),
                    ("truncated", "cut at the maximum length"),
                    ("stopped", "stopped by the visitor"),
                    ("refused", "refused by Claude"),
                    ("failed", "failed"),
                    ("interrupted", "interrupted"),
                ],
                max_length=16,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="usage",
            name="thinking_tokens",
            field=models.IntegerField(
                blank=True,
                help_text="The output tokens spent on thinking; included in output tokens.",
                null=True,
                verbose_name="thinking tokens",
            ),
        ),
    ]
