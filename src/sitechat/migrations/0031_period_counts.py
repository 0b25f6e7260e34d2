"""Keep the counts of weeks and months after their conversations are deleted."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sitechat", "0030_form_ids")]

    operations = [
        migrations.CreateModel(
            name="PeriodCounts",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", models.CharField(max_length=8)),
                ("start", models.DateTimeField()),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "counts of a period",
                "verbose_name_plural": "counts of periods",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("period", "start"), name="sitechat_periodcounts_unique"
                    )
                ],
            },
        ),
    ]
