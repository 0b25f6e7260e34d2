"""Store approved answers, and mark questions that were asked in the admin."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0018_delivery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
                ],
                help_text="The command that asked the questions; empty for visitors.",
                max_length=32,
                null=True,
                verbose_name="command",
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
                ],
                help_text="The command that asked the question; empty for visitors.",
                max_length=32,
                null=True,
                verbose_name="command",
            ),
        ),
        migrations.CreateModel(
            name="ApprovedAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        help_text="Visitors see it as the source of the answer.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                (
                    "questions",
                    models.TextField(
                        help_text="The question as visitors may ask it, one wording per line.",
                        verbose_name="questions",
                    ),
                ),
                ("answer", models.TextField(help_text="In Markdown.", verbose_name="answer")),
                (
                    "url",
                    models.CharField(
                        blank=True,
                        help_text="A page to link the title to, such as /help/parking/. May be empty.",
                        max_length=500,
                        verbose_name="link",
                    ),
                ),
                (
                    "bots",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The bots that give the answer; all if none is chosen.",
                        verbose_name="bots",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        help_text="Only for questions in this language, or on pages in it.",
                        max_length=16,
                        verbose_name="language",
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("public", "Everybody"),
                            ("authenticated", "Logged-in users"),
                            ("staff", "Staff"),
                        ],
                        default="public",
                        max_length=16,
                        verbose_name="audience",
                    ),
                ),
                (
                    "active",
                    models.BooleanField(
                        default=True,
                        help_text="Bots do not get answers that are not active.",
                        verbose_name="active",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                ("updated", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("vectors", models.BinaryField(null=True)),
                (
                    "embedder",
                    models.CharField(blank=True, default="", editable=False, max_length=200),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
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
                "verbose_name": "approved answer",
                "verbose_name_plural": "approved answers",
            },
        ),
    ]
