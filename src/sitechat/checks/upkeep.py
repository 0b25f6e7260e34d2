"""Check migrations, the cleanup of old conversations, and texts edited in the admin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Info, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.conversations import edited_bot_texts
from sitechat.models import BotTexts
from sitechat.reports import retention
from sitechat.runtime import database

MAX_DAYS_WITHOUT_CLEANUP = 30
"""Days that must have passed since the last cleanup before the check warns.

There must also be a conversation that is older than this and than CHAT_RETENTION_DAYS.
"""


def check_tables(**kwargs: Any) -> Iterator[CheckMessage]:
    """W024: migrations of the chat have not been applied."""
    try:
        is_behind = database.has_unapplied_migrations()
    except (DatabaseError, ImproperlyConfigured):
        return  # there is no database, as in many builds
    if is_behind:
        yield Warning(
            _(
                "The database lacks tables or columns of the chat: visitors see that the "
                "chat is not set up yet."
            ),
            hint=_("Run `manage.py migrate`."),
            id="sitechat.W024",
        )


def check_edited_texts(**kwargs: Any) -> Iterator[CheckMessage]:
    """I002: texts of a bot were edited in the admin, so they differ from the settings."""
    bots = conf.CHAT_BOTS
    if not isinstance(bots, Mapping):
        return  # E006 reports it
    try:
        rows = edited_bot_texts.newest_versions()
    except (DatabaseError, ImproperlyConfigured):
        return  # before the first migrate
    for row in rows:
        changed = row.changed_from(BotTexts(bot=row.bot))
        if row.bot in bots and changed:
            yield Info(
                _(
                    "The bot %(bot)r differs from the settings, as it was edited in the "
                    "admin on %(date)s: %(fields)s."
                )
                % {
                    "bot": row.bot,
                    "date": f"{row.created:%Y-%m-%d}",
                    "fields": ", ".join(map(str, changed)),
                },
                hint=_(
                    "The texts from the admin replace the settings. Clear a field there "
                    "to use the settings."
                ),
                id="sitechat.I002",
            )


def check_cleanup(**kwargs: Any) -> Iterator[CheckMessage]:
    """W010: chat_cleanup has not run for a long time, and old conversations are not deleted."""
    days = conf.CHAT_RETENTION_DAYS
    if not isinstance(days, int):
        return  # another check reports it
    try:
        last = retention.last_cleanup()
        ran = last is not None and last > timezone.now() - timedelta(days=MAX_DAYS_WITHOUT_CLEANUP)
        overdue = not ran and retention.outdated(max(days, MAX_DAYS_WITHOUT_CLEANUP)).exists()
    except (DatabaseError, ImproperlyConfigured):
        return  # before the first migrate
    if overdue:
        when = (
            _("never ran")
            if last is None
            else _("last ran on %(date)s") % {"date": f"{last:%Y-%m-%d}"}
        )
        yield Warning(
            _("chat_cleanup %(when)s: conversations are kept for longer than CHAT_RETENTION_DAYS.")
            % {"when": when},
            hint=_("Run `manage.py chat_cleanup` once a day, by cron or as a task."),
            id="sitechat.W010",
        )
