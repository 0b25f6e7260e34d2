"""Under WSGI, let a session that makes many calls read on only a part of the threads.

Under ASGI such calls wait in `read_queue`. Under WSGI a call that waits would use a thread, and the
site's other pages need the threads. So further calls are refused at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from sitechat.http.read_limits import CallCounts, TooManyCalls, refusal_log, session_cookie
from sitechat.runtime import servers
from sitechat.runtime.per_process import PerProcess

FREE_AT_ONCE = 20
"""Number of calls that a session may make at once on any number of threads."""

FREE_PER_MINUTE = 240
"""Number of further calls per minute on any number of threads."""

THREADS_DIVISOR = 4
"""Calls above these numbers may only use the threads of the process divided by this, at least one
thread."""

RETRY_AFTER = 1
"""The Retry-After of a refusal in seconds. This is enough, because a read takes milliseconds."""


class SessionReads:
    """The calls of each session that are being answered."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._recent = CallCounts()
        self._lock = threading.Lock()

    def enter(self, session: str, threads: int) -> None:
        """Count a call that starts.

        Args:
            session: The key of the session.
            threads: The number of threads of this process.

        Raises:
            TooManyCalls: The session makes many calls, and its part of the threads is in use.
        """
        makes_many = self._recent.take("calls", session, FREE_PER_MINUTE, FREE_AT_ONCE) > 0
        with self._lock:
            is_full = makes_many and self._running[session] >= max(1, threads // THREADS_DIVISOR)
            self._running[session] += not is_full
        if is_full:
            refusal_log().add()
            raise TooManyCalls(retry_after=RETRY_AFTER)

    def leave(self, session: str) -> None:
        """Count a call that has ended."""
        with self._lock:
            self._running[session] -= 1
            if not self._running[session]:
                del self._running[session]


session_reads = PerProcess(SessionReads)


@contextmanager
def reading(request: HttpRequest) -> Iterator[None]:
    """Count a call within the block if it reads under WSGI.

    Calls without a session cookie, and calls on a server without a limit of threads, do not count.

    Raises:
        TooManyCalls: See `SessionReads.enter`.
    """
    session = session_cookie(request)
    if isinstance(request, ASGIRequest) or request.method not in {"GET", "HEAD"} or not session:
        yield
        return
    threads = servers.current_server(request.META).threads
    if threads is None:
        yield
        return
    reads = session_reads()
    reads.enter(session, threads)
    try:
        yield
    finally:
        reads.leave(session)
