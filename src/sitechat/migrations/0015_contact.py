"""Add the table of contacts."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0014_handoffs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True, db_index=True, max_length=254, verbose_name="e-mail"
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("phone", models.CharField(blank=True, max_length=50, verbose_name="phone")),
                ("message", models.TextField(blank=True, verbose_name="message")),
                (
                    "consent",
                    models.TextField(
                        blank=True,
                        help_text="The text that the visitor agreed to.",
                        verbose_name="consent",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("new", "new"), ("contacted", "contacted"), ("done", "done")],
                        db_index=True,
                        default="new",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("bot", models.CharField(max_length=64, verbose_name="bot")),
                ("language", models.CharField(blank=True, max_length=35, verbose_name="language")),
                (
                    "page",
                    models.CharField(
                        blank=True,
                        help_text="The path of the page that the visitor was on.",
                        max_length=500,
                        verbose_name="page",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="received"
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="contacts",
                        to="sitechat.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "default_permissions": ("view", "change", "delete"),
            },
        ),
    ]
