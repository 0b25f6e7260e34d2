from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sitechat", "0010_conversation_lists")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="process",
            field=models.CharField(editable=False, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="suspected",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
