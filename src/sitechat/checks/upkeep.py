"""Is what should be forgotten being forgotten?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone

from sitechat.models import Conversation
from sitechat.owner import retention

MONTH = timedelta(days=30)


def check_cleanup(**kwargs: Any) -> Iterator[CheckMessage]:
    since = timezone.now() - MONTH
    try:
        last = retention.last_cleanup()
        overdue = (last is None or last < since) and Conversation.objects.filter(
            updated__lt=since
        ).exists()
    except (DatabaseError, ImproperlyConfigured):
        return  # before the first migrate
    if overdue:
        ran = "never ran" if last is None else f"last ran on {last:%Y-%m-%d}"
        yield Warning(
            f"chat_cleanup {ran}: conversations are kept for longer than CHAT_RETENTION_DAYS.",
            hint="Run `manage.py chat_cleanup` once a day, by cron or as a task.",
            id="sitechat.W010",
        )
