"""Loggers whose lines can't be forged.

A log line can contain names, addresses and messages from visitors, pages, Claude's API and
settings. `get_logger` returns a logger that escapes all these texts, including tracebacks, before
any handler gets the record. A test checks that all loggers of the package come from here.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sitechat.safe_text import one_line, visible

MAX_FIELD_LENGTH = 2000
"""Maximum characters of a field in a log line."""

STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""The attributes of every log record. All other attributes come from `extra`."""

CAUSED = "\nThe above exception was the direct cause of the following exception:\n"
DURING = "\nDuring handling of the above exception, another exception occurred:\n"
"""The lines that Python writes between two exceptions of a traceback."""


def get_logger(name: str) -> logging.Logger:
    """Return the logger with this name, which has the filter `EscapeFields`."""
    logger = logging.getLogger(name)
    if not any(isinstance(each, EscapeFields) for each in logger.filters):
        logger.addFilter(EscapeFields())
    return logger


class EscapeFields(logging.Filter):
    """A filter that escapes the arguments, the texts in `extra` and the traceback of a record.

    The message itself is a constant in the source code and is not changed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Escape the record in place. Return True, so that the record is kept."""
        if isinstance(record.args, Mapping):
            record.args = {key: _escaped(value) for key, value in record.args.items()}
        elif record.args:
            record.args = tuple(map(_escaped, record.args))
        for name, value in list(vars(record).items()):
            if name not in STANDARD and isinstance(value, str):
                setattr(record, name, one_line(value, MAX_FIELD_LENGTH))
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = traceback_text(record.exc_info[1])
        return True


def traceback_text(error: BaseException) -> str:
    """Return the traceback in Python's format, with each exception's message on one line."""
    return "\n".join(_traceback(traceback.TracebackException.from_exception(error)))


def _escaped(value: Any) -> Any:
    """Return numbers and None unchanged, and anything else as escaped text."""
    if value is None or isinstance(value, (int, float, Decimal)):
        return value
    return one_line(value, MAX_FIELD_LENGTH)


def _traceback(last: traceback.TracebackException) -> Iterator[str]:
    """Yield the parts of a traceback. The exceptions that led to the last one come first."""
    chain: list[tuple[traceback.TracebackException, str]] = []
    error: traceback.TracebackException | None = last
    link_to_next = ""
    while error is not None:
        chain.append((error, link_to_next))
        if error.__cause__ is not None:
            error, link_to_next = error.__cause__, CAUSED
        elif not error.__suppress_context__:
            error, link_to_next = error.__context__, DURING
        else:
            error = None
    # Python prints the first exception first.
    for each, link_to_next in reversed(chain):
        yield from _exception(each)
        if link_to_next:
            yield link_to_next


def _exception(error: traceback.TracebackException) -> Iterator[str]:
    """Yield the lines of one exception, its notes, and the members of a group."""
    if error.stack:
        yield "Traceback (most recent call last):"
        for frame in error.stack.format():
            yield visible(frame).rstrip("\n")
    notes, error.__notes__ = getattr(error, "__notes__", None), None
    for line in error.format_exception_only():
        yield one_line(line.removesuffix("\n"), MAX_FIELD_LENGTH)
    for note in notes or ():
        yield f"  note: {one_line(note, MAX_FIELD_LENGTH)}"
    for number, member in enumerate(getattr(error, "exceptions", None) or (), start=1):
        yield f"  exception {number} of the group:"
        for part in _traceback(member):
            yield from (f"    {line}" for line in part.split("\n"))
