"""Keep the ids of forms of the staff, which identify copies of what they send."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sitechat", "0029_handoff_mailed")]

    operations = [
        migrations.AddField(
            model_name="handoffentry",
            name="form_id",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="approvedanswer",
            name="form_id",
            field=models.UUIDField(editable=False, null=True, unique=True),
        ),
    ]
