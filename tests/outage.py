"""Simulation of a database that fails in the threads of the engine."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import OperationalError
from django.db.backends.signals import connection_created

from sitechat.engine.thread_pools import workers


def is_checkpoint(sql: str) -> bool:
    """Return whether a statement saves the text of running replies so far."""
    saves = sql.startswith("UPDATE") and "sitechat_message" in sql and "suspected" in sql
    return saves and "running_in" not in sql  # the end of a reply also clears that


@contextmanager
def outage(matches: Callable[[str], bool], times: float = math.inf) -> Iterator[list[str]]:
    """Let matching statements fail in other threads than this one, and yield the failed ones.

    Only connections that are opened during the outage fail. The engine's threads therefore keep no
    connections until the next reply starts.

    Args:
        matches: Whether a statement fails.
        times: The number of statements that fail; the next ones work again.
    """
    here = threading.current_thread()
    failed: list[str] = []
    seen: set[int] = set()

    def wrapper(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if len(failed) < times and matches(sql):
            failed.append(sql)
            raise OperationalError("the database does not answer")
        return execute(sql, *arguments)

    with ExitStack() as wrapped:

        def connected(connection: Any, **_kwargs: object) -> None:
            if threading.current_thread() is not here and id(connection) not in seen:
                seen.add(id(connection))
                wrapped.enter_context(connection.execute_wrapper(wrapper))

        connection_created.connect(connected, weak=False)
        workers().keep_connections(False)
        try:
            yield failed
        finally:
            connection_created.disconnect(connected)
