"""Add staff to those who ask. No SQL is run."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0024_labels"),
    ]

    operations = [
        migrations.AlterField(
            model_name="conversation",
            name="command",
            field=models.CharField(
                blank=True,
                choices=[
                    ("chat_ask", "chat_ask"),
                    ("chat_eval", "chat_eval"),
                    ("chat_doctor", "chat_doctor"),
                    ("admin", "trial in the admin"),
                    ("staff", "staff in the chat"),
                ],
                help_text="Who asked the questions if no visitor did; empty for visitors.",
                max_length=32,
                null=True,
                verbose_name="asked by",
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
                    ("admin", "trial in the admin"),
                    ("staff", "staff in the chat"),
                ],
                help_text="Who asked the question if no visitor did; empty for visitors.",
                max_length=32,
                null=True,
                verbose_name="asked by",
            ),
        ),
    ]
