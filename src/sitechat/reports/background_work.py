"""A thread for the work of reports, so that no request waits for it.

`background_review`, `missing_counts` and `usage_catch_up` use it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from django.db import DatabaseError, connections, transaction

from sitechat.runtime import database
from sitechat.runtime.daemon_threads import PoolFull, in_callers_context, start_daemon
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.reports")


class BackgroundWork:
    """Work that at most one thread of the process does at a time.

    Args:
        name: The name of the work, for the thread and the log.
        work: The work. If it fails with a `DatabaseError`, the error is logged. A later call of
            `start` repeats the work.
    """

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self._name = name
        self._work = work
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    def start(self) -> None:
        """Start the work after the caller's transaction, unless a thread is doing the work.

        If no thread can start, this is only logged.
        """
        transaction.on_commit(self._start, using=database.alias())

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` until no thread is doing the work; return whether none is."""
        return self._idle.wait(seconds)

    def _start(self) -> None:
        with self._lock:
            if not self._idle.is_set():
                return
            self._idle.clear()
        run = in_callers_context(self._run)
        try:
            start_daemon(run, f"sitechat-{self._name}")
        except PoolFull:
            self._idle.set()
            logger.warning(
                "No thread could start for the %s; a later request repeats it", self._name
            )

    def _run(self) -> None:
        try:
            self._work()
        except DatabaseError:
            logger.warning("The %s failed; a later request repeats it", self._name, exc_info=True)
        finally:
            with suppress(DatabaseError):
                connections[database.alias()].close()
            self._idle.set()
