"""Counting of the SQL statements of a process, in all threads and connections."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created

_lock = threading.Lock()
_seen: list[tuple[float, str, int]] = []


def begin() -> None:
    """Start counting if BENCHMARK_STATEMENTS is set."""
    if os.environ.get("BENCHMARK_STATEMENTS"):
        connection_created.connect(_watch, dispatch_uid="benchmark")
        for connection in connections.all(initialized_only=True):
            _watch(connection=connection)


def take() -> list[tuple[float, str, int]]:
    """Return the statements since the last call: time in seconds, SQL, bytes of the values."""
    with _lock:
        taken = list(_seen)
        _seen.clear()
    return [entry for entry in taken if not entry[1].startswith(("BEGIN", "PRAGMA"))]


def _watch(connection: Any, **kwargs: Any) -> None:
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


def _count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    with _lock:
        _seen.append((monotonic(), sql, len(str(params).encode()) if params else 0))
    return execute(sql, params, many, context)
