"""The cleanup and the report as tasks for Celery or Django 6.

Celery's `autodiscover_tasks` finds them as `sitechat.cleanup` and `sitechat.report`. On Django 6
with a task backend, `sitechat.tasks.cleanup` and `sitechat.tasks.report` are tasks that a scheduler
can enqueue. Otherwise they are ordinary functions.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django import VERSION
from django.conf import settings


def cleanup(days: int | None = None) -> dict[str, int]:
    """Delete old conversations, contacts and other rows; see `sitechat.reports.retention.cleanup`.

    Args:
        days: The number of days that conversations are kept; by default CHAT_RETENTION_DAYS.

    Returns:
        The number of deleted rows and ended replies, by kind.

    Raises:
        ValueError: `days` is less than 1.
    """
    # Workers may import this module before Django has loaded the models.
    from sitechat.reports import retention

    return retention.cleanup(days).as_dict()


def report(period: str = "week") -> int:
    """Mail the report of the last period, unless it was mailed before.

    Args:
        period: "week" or "month".

    Returns:
        The number of addresses in CHAT_NOTIFY, even if the report was mailed before.

    Raises:
        ValueError: `period` is not valid.
    """
    # Workers may import this module before Django has loaded the models.
    from sitechat.reports import report_mail

    return report_mail.send_report(period)


if find_spec("celery") is not None:
    import_module("celery").shared_task(name="sitechat.cleanup")(cleanup)
    import_module("celery").shared_task(name="sitechat.report")(report)

# Django's decorator looks up its backend immediately, so TASKS is read at import.
if VERSION >= (6, 0) and "default" in settings.TASKS:
    cleanup = import_module("django.tasks").task(cleanup)
    report = import_module("django.tasks").task(report)
