"""Log a setting that is not valid once, not at every request that reads it."""

from __future__ import annotations

from typing import Any

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.settings")

_logged: dict[str, Any] = {}
"""The values that were logged last, by the name of their setting."""


def log_invalid_setting(name: str, value: Any, effect: str) -> None:
    """Log an error, unless it was logged before for this value.

    Args:
        name: The name of the setting.
        value: Its value. It is not logged, because it can hold a secret.
        effect: What follows from it, as the end of a sentence, such as "nobody is notified".
    """
    if _logged.get(name) is value:
        return
    _logged[name] = value
    logger.error(
        "%s is not valid, so %s. `manage.py check` shows what is wrong and what is valid",
        name,
        effect,
    )
