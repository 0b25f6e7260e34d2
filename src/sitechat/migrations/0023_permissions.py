"""Drop permissions that nothing asks for. No SQL is run."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("sitechat", "0022_tool_uses"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="conversation",
            options={
                "default_permissions": ("view", "change", "delete"),
                "permissions": [("answer_conversation", "Can answer visitors of all bots")],
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
            },
        ),
        migrations.AlterModelOptions(
            name="counter",
            options={
                "default_permissions": (),
                "verbose_name": "counter",
                "verbose_name_plural": "counters",
            },
        ),
        migrations.AlterModelOptions(
            name="indexstate",
            options={
                "default_permissions": (),
                "verbose_name": "state of the search index",
                "verbose_name_plural": "state of the search index",
            },
        ),
        migrations.AlterModelOptions(
            name="message",
            options={
                "default_permissions": (),
                "ordering": ["conversation", "position"],
                "verbose_name": "message",
                "verbose_name_plural": "messages",
            },
        ),
        migrations.AlterModelOptions(
            name="page",
            options={
                "default_permissions": ("view",),
                "verbose_name": "page",
                "verbose_name_plural": "pages",
            },
        ),
        migrations.AlterModelOptions(
            name="pagesnapshot",
            options={
                "default_permissions": (),
                "verbose_name": "snapshot of a page",
                "verbose_name_plural": "snapshots of pages",
            },
        ),
        migrations.AlterModelOptions(
            name="passage",
            options={
                "default_permissions": (),
                "ordering": ["page", "number"],
                "verbose_name": "passage",
                "verbose_name_plural": "passages",
            },
        ),
        migrations.AlterModelOptions(
            name="sourceframe",
            options={
                "default_permissions": (),
                "verbose_name": "shared text of a source",
                "verbose_name_plural": "shared texts of sources",
            },
        ),
        migrations.AlterModelOptions(
            name="tooluse",
            options={
                "default_permissions": (),
                "ordering": ["created"],
                "verbose_name": "tool call",
                "verbose_name_plural": "tool calls",
            },
        ),
        migrations.AlterModelOptions(
            name="usage",
            options={
                "default_permissions": ("view",),
                "verbose_name": "usage",
                "verbose_name_plural": "usage",
            },
        ),
    ]
