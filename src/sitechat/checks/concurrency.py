"""Check that the site is ready for many visitors at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import django
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.db import connections
from django.utils.translation import gettext as _

from sitechat.checks.serving import gunicorn_options
from sitechat.runtime import database
from sitechat.runtime.servers import CHAT_MIDDLEWARE

ASGI_SERVERS = ("uvicorn", "daphne", "hypercorn")
"""Servers whose installation suggests that the site is served by ASGI."""

WAL = re.compile(r"journal_mode\s*=\s*wal", re.IGNORECASE)

SQLITE_TIMEOUT = 20
"""Seconds that a write to SQLite should wait for other writes."""


def check_chat_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    """W013: ChatMiddleware is not first in MIDDLEWARE, though it is listed or ASGI is likely."""
    middleware = list(settings.MIDDLEWARE)
    if middleware[:1] == [CHAT_MIDDLEWARE] or not (CHAT_MIDDLEWARE in middleware or _is_asgi()):
        return
    yield Warning(
        _(
            "ChatMiddleware is not the first middleware: when many visitors write to "
            "the chat at once, the site's other pages wait for them."
        ),
        hint=_(
            'Put "%(middleware)s" first in MIDDLEWARE. A site that is served as WSGI '
            "does not need it, and may silence this warning."
        )
        % {"middleware": CHAT_MIDDLEWARE},
        id="sitechat.W013",
    )


def _is_asgi() -> bool:
    """Return whether settings, gunicorn's options or installed packages suggest ASGI.

    Installed packages are considered only if GUNICORN_CMD_ARGS is not set.
    """
    if getattr(settings, "ASGI_APPLICATION", None):
        return True
    options = gunicorn_options()
    if options is not None:
        return re.search(r"asgi|uvicorn", str(options.get("worker_class", "sync"))) is not None
    return any(find_spec(name) is not None for name in ASGI_SERVERS)


def check_sqlite(**kwargs: Any) -> Iterator[CheckMessage]:
    """W014: SQLite is not configured for concurrent writes."""
    connection = connections[database.alias()]
    if connection.vendor != "sqlite":
        return
    options = connection.settings_dict["OPTIONS"]
    missing = (
        [] if options.get("timeout", 5) >= SQLITE_TIMEOUT else [f'"timeout": {SQLITE_TIMEOUT}']
    )
    if django.VERSION >= (5, 1):
        if str(options.get("transaction_mode", "")).upper() != "IMMEDIATE":
            missing.append('"transaction_mode": "IMMEDIATE"')
        if not WAL.search(str(options.get("init_command", ""))):
            missing.append('"init_command": "PRAGMA journal_mode=WAL"')
    if missing:
        yield Warning(
            _(
                "SQLite is not set up for visitors who write at the same time: some "
                "messages are refused because the database is locked."
            ),
            hint=_(
                "Add %(options)s to OPTIONS of the database %(database)r, or use "
                "PostgreSQL or MariaDB."
            )
            % {"options": ", ".join(missing), "database": connection.alias},
            id="sitechat.W014",
        )
