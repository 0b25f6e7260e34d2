"""Suppression of log records and error mails while the chat renders the site's pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.log import AdminEmailHandler

_LOGGERS = ("", "django", "django.request", "django.security", "django.server")
"""Loggers whose handlers may send error mails."""


class _Quiet(logging.Filter):
    """A filter that drops the records of threads that are rendering a page."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        return not self.depth

    @property
    def depth(self) -> int:
        depth: int = getattr(self._thread, "depth", 0)
        return depth

    @depth.setter
    def depth(self, value: int) -> None:
        self._thread.depth = value


_quiet = _Quiet()


@contextmanager
def quietly() -> Iterator[None]:
    """Suppress this thread's error mails and its records of `django.request` during the block."""
    logging.getLogger("django.request").addFilter(_quiet)  # adding it twice changes nothing
    for name in _LOGGERS:
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, AdminEmailHandler):
                handler.addFilter(_quiet)
    _quiet.depth += 1
    try:
        yield
    finally:
        _quiet.depth -= 1
