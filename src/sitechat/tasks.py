"""The cleanup as a task, for sites that have a queue: Celery's, or that of Django 6.

Celery finds it by `autodiscover_tasks` under the name `sitechat.cleanup`. On Django 6 it is
`sitechat.tasks.cleanup`, to be enqueued by whatever runs tasks at a time of the day; on other
sites that is a plain function.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django import VERSION
from django.conf import settings


def cleanup(days: int | None = None) -> dict[str, int]:
    """Delete what is older than `days` (CHAT_RETENTION_DAYS); what was deleted, in numbers."""
    from sitechat.owner import retention

    return retention.cleanup(days).as_dict()


if find_spec("celery") is not None:
    import_module("celery").shared_task(name="sitechat.cleanup")(cleanup)

# Django's decorator looks its backend up at once, so what TASKS holds is asked at import.
if VERSION >= (6, 0) and "default" in settings.TASKS:
    cleanup = import_module("django.tasks").task(cleanup)
