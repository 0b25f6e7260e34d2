"""Add the table of deliveries."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0017_refusals_and_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("webhook", "webhook"), ("mail", "mail")],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("event", models.CharField(max_length=64, verbose_name="event")),
                (
                    "target",
                    models.CharField(
                        help_text="The address of the webhook, or the mail addresses.",
                        max_length=500,
                        verbose_name="target",
                    ),
                ),
                ("content", models.JSONField(default=dict, verbose_name="content")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "sent"), ("failed", "failed")],
                        default="waiting",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                (
                    "due",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="next attempt"
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("error", models.CharField(blank=True, max_length=500, verbose_name="last error")),
                ("once", models.CharField(editable=False, max_length=100, null=True, unique=True)),
                (
                    "created",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="created"
                    ),
                ),
                ("sent", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "contact",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sitechat.contact",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sitechat.conversation",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "default_permissions": ("view", "change"),
                "indexes": [models.Index(fields=["state", "due"], name="sitechat_delivery_due")],
            },
        ),
    ]
