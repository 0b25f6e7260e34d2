"""Store the texts of bots that are edited in the admin."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0020_message_offer"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BotTexts",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bot", models.CharField(max_length=64, verbose_name="bot")),
                (
                    "enabled",
                    models.BooleanField(
                        default=True,
                        help_text="Without it pages have no chat, and new messages are refused at once.",
                        verbose_name="on",
                    ),
                ),
                (
                    "greeting",
                    models.TextField(
                        blank=True,
                        help_text="Empty: the greeting of the settings.",
                        verbose_name="greeting",
                    ),
                ),
                (
                    "suggestions",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Questions to begin with, one per line. Empty: those of the settings.",
                        verbose_name="suggestions",
                    ),
                ),
                (
                    "instructions",
                    models.TextField(
                        blank=True,
                        help_text="Added to the system prompt, such as: Mention the summer sale. Do not discuss competitors.",
                        verbose_name="instructions",
                    ),
                ),
                (
                    "offers_contact",
                    models.BooleanField(
                        default=True,
                        help_text="If the settings have one (CHAT_CONTACT).",
                        verbose_name="offer the contact form",
                    ),
                ),
                (
                    "offers_person",
                    models.BooleanField(
                        default=True,
                        help_text="If the settings say who answers (CHAT_PERSON).",
                        verbose_name="offer a person",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="saved"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "texts of a bot",
                "verbose_name_plural": "texts of bots",
                "default_permissions": ("view", "change"),
                "indexes": [models.Index(fields=["bot", "-id"], name="sitechat_bottexts_newest")],
            },
        ),
    ]
