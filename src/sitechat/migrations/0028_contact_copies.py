"""Let the database find copies of contact requests."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sitechat", "0027_unanswered_rating")]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="copy_key",
            field=models.CharField(editable=False, max_length=64, null=True, unique=True),
        ),
    ]
