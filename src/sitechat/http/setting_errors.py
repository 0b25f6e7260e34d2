"""Find out whether invalid settings of the chat can be the reason why a request failed.

Servers do not run the system checks at their start, so a site may serve requests with them.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.settings")

_known: tuple[Any, list[str]] = (None, [])
"""The settings that were checked last, and the ids of their errors."""


def setting_errors() -> list[str]:
    """Return the ids of the errors that the system checks of the chat report, sorted.

    They are computed once for the same settings. This never raises.
    """
    global _known  # noqa: PLW0603
    # Django replaces it with every change of the settings.
    current = settings._wrapped  # type: ignore[misc] # django-stubs does not know it
    known, ids = _known
    if known is not current:
        ids = _checked()
        _known = (current, ids)
    return ids


def _checked() -> list[str]:
    try:
        messages = checks.run_checks(tags=["sitechat"])
    except Exception:
        logger.exception("The system checks failed")
        return []
    return sorted({str(each.id) for each in messages if each.level >= checks.ERROR})
