"""Log an invalid setting once, instead of at every request that reads it."""

from __future__ import annotations

from typing import Any

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.settings")

_logged: dict[str, Any] = {}
"""By name of the setting: the invalid value of the last log line about it."""


def log_invalid_setting(name: str, value: Any, effect: str) -> None:
    """Log that a setting is invalid, unless the last log line about it was for the same value.

    Args:
        name: The name of the setting.
        value: Its value. The log does not contain it, because it can be a secret.
        effect: The consequence, as the end of a sentence, such as "nobody is notified".
    """
    if _logged.get(name) is value:
        return
    _logged[name] = value
    logger.error(
        "%s is not valid, so %s. `manage.py check` shows what is wrong and what is valid",
        name,
        effect,
    )
