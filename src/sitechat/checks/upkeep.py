"""Is what should be forgotten being forgotten?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone

from sitechat.conf import conf
from sitechat.owner import retention

MONTH = 30
"""Days without a cleanup that are worth a word."""


def check_cleanup(**kwargs: Any) -> Iterator[CheckMessage]:
    days = conf.CHAT_RETENTION_DAYS
    if not isinstance(days, int):
        return  # another check says so
    try:
        last = retention.last_cleanup()
        ran = last is not None and last > timezone.now() - timedelta(days=MONTH)
        overdue = not ran and retention.outdated(max(days, MONTH)).exists()
    except (DatabaseError, ImproperlyConfigured):
        return  # before the first migrate
    if overdue:
        when = "never ran" if last is None else f"last ran on {last:%Y-%m-%d}"
        yield Warning(
            f"chat_cleanup {when}: conversations are kept for longer than CHAT_RETENTION_DAYS.",
            hint="Run `manage.py chat_cleanup` once a day, by cron or as a task.",
            id="sitechat.W010",
        )
