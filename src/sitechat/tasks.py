"""The cleanup as a task, for sites that have a queue: Celery's, or that of Django 6.

Celery finds it by `autodiscover_tasks` under the name `sitechat.cleanup`. On Django 6 it is
`sitechat.tasks.cleanup`, to be enqueued by whatever runs tasks at a time of the day.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django import VERSION
from django.conf import settings


def _cleanup(days: int | None = None) -> dict[str, int]:
    """Delete what is older than `days` (CHAT_RETENTION_DAYS); what was deleted, in numbers."""
    from sitechat.owner import retention

    return retention.cleanup(days).as_dict()


def cleanup_by_celery(days: int | None = None) -> dict[str, int]:
    return _cleanup(days)


def cleanup(days: int | None = None) -> dict[str, int]:
    return _cleanup(days)


cleanup.__doc__ = cleanup_by_celery.__doc__ = _cleanup.__doc__

if find_spec("celery") is not None:
    shared_task: Any = import_module("celery").shared_task
    cleanup_by_celery = shared_task(name="sitechat.cleanup")(cleanup_by_celery)

if VERSION >= (6, 0) and "default" in settings.TASKS:
    task: Any = import_module("django.tasks").task
    cleanup = task(cleanup)
