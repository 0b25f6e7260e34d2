"""Find out whether invalid settings of the chat can be the reason why a request failed.

WSGI and ASGI servers do not run the system checks, so a site may run with invalid settings.
"""

from __future__ import annotations

from functools import cache

from django.core import checks
from django.core.signals import setting_changed
from django.dispatch import receiver

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.settings")


@cache
def setting_errors() -> list[str]:
    """Return the ids of the errors that the system checks of the chat report, sorted.

    The checks run once per process. This never raises: if the checks fail, the list is empty.
    """
    try:
        messages = checks.run_checks(tags=["sitechat"])
    except Exception:
        logger.exception("The system checks failed")
        return []
    return sorted({str(each.id) for each in messages if each.level >= checks.ERROR})


@receiver(setting_changed)
def _forget_errors(**_signal: object) -> None:
    """Forget the errors when a test changes a setting. Outside of tests, settings do not change."""
    setting_errors.cache_clear()
