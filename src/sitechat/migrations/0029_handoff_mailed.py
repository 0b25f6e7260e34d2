"""Keep the position of the last answer that was mailed."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sitechat", "0028_contact_copies")]

    operations = [
        migrations.AddField(
            model_name="handoff",
            name="mailed",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
    ]
