from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that may be null: every database adds it at once, without touching the rows."""

    dependencies = [("sitechat", "0008_user_without_constraint")]

    operations = [
        migrations.AddField(
            model_name="counter",
            name="reserved",
            field=models.BigIntegerField(null=True),
        ),
    ]
