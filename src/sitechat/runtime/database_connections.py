"""Database connections of threads that Django does not manage.

Django closes old connections when a request begins and when it ends. The chat's threads live longer
than requests, so they close their connections themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")

TRUSTED_FOR = 1.0
"""Idle seconds after which a connection is tested before it is used again."""

MAX_AGE = 60.0
"""Maximum age of a connection in seconds."""


def close_connections() -> None:
    """Close this thread's database connections, except those with an open transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def run_and_close(work: Callable[[], T]) -> T:
    """Run the work. Close this thread's old connections before, and all connections after it."""
    close_old_connections()
    try:
        return work()
    finally:
        close_connections()


class KeptConnections:
    """The database connections that one thread of a pool keeps between its steps."""

    def __init__(self) -> None:
        # When the last step ended (`monotonic()`).
        self._used = 0.0
        # By alias: the driver's connection, and the end of the first step that used it.
        self._opened: dict[str, tuple[Any, float]] = {}

    @property
    def are_open(self) -> bool:
        """Whether any connection is open."""
        return any(each.connection is not None for each in connections.all(initialized_only=True))

    def before_step(self) -> None:
        """Close connections that are too old or no longer work. Call this before each step."""
        idle = monotonic() - self._used > TRUSTED_FOR
        for connection in connections.all(initialized_only=True):
            if connection.connection is None:
                continue
            suspect = idle or connection.errors_occurred
            if self._is_old(connection) or (suspect and not connection.is_usable()):
                connection.close()
            else:
                connection.errors_occurred = False

    def after_step(self) -> None:
        """Close the connections that the next step must not use. Call this after each step."""
        self._used = monotonic()
        for connection in connections.all(initialized_only=True):
            if connection.connection is None:
                self._opened.pop(connection.alias, None)
            elif not _may_stay_open(connection):
                connection.close()
            elif self._opened.get(connection.alias, (None,))[0] is not connection.connection:
                self._opened[connection.alias] = (connection.connection, self._used)

    def close(self) -> None:
        """Close all connections at the end of the thread."""
        self._opened.clear()
        connections.close_all()

    def _is_old(self, connection: BaseDatabaseWrapper) -> bool:
        opened = self._opened.get(connection.alias)
        return opened is not None and monotonic() - opened[1] > MAX_AGE


def _may_stay_open(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the next step may use the connection.

    False if the connection must go back to psycopg's pool, has an open transaction, or has a
    changed autocommit mode.
    """
    if connection.settings_dict["OPTIONS"].get("pool"):
        return False
    if connection.in_atomic_block:
        return False
    return bool(connection.get_autocommit() == connection.settings_dict["AUTOCOMMIT"])
