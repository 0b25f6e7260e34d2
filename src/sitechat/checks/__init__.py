"""System checks: they report mistakes in the configuration and how to correct them.

Each check has an id and a hint, and a row in `docs/checks.md`. `registry` and `deployment` list the
checks. The other modules contain the checks of one subject, or helpers for them. This package may
import all others except `admin` and `management`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, register

from sitechat.safe_text import one_line

__all__ = ["register_checks", "run", "run_for_deployment"]


def register_checks() -> None:
    """Register the checks with Django."""
    register(run, "sitechat")
    register(run_for_deployment, "sitechat", deploy=True)


def run(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
    """Return the messages of the checks that `manage.py check` runs.

    These checks are fast and make no query, because most commands run them at their start.
    """
    # Imported here to keep the start fast: WSGI and ASGI servers do not run the checks.
    from sitechat.checks.registry import CHECKS

    return list(_messages(CHECKS))


def run_for_deployment(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
    """Return the messages of the additional checks of `check --deploy`. They may make queries."""
    # Imported here to keep the start fast: these checks import most of the package.
    from sitechat.checks.deployment import DEPLOYMENT_CHECKS

    return list(_messages(DEPLOYMENT_CHECKS))


def _messages(checks: Iterable[Callable[[], Iterable[CheckMessage]]]) -> Iterator[CheckMessage]:
    """Run checks and yield their messages, with invisible characters made visible.

    Messages quote settings, and are shown in a terminal.
    """
    for check in checks:
        for message in check():
            message.msg = one_line(str(message.msg))
            if message.hint is not None:
                message.hint = one_line(str(message.hint))
            yield message
