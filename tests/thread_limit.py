"""A process that can't start threads, as at the limit of a container's processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TOO_LARGE = 2**46
"""A stack for which no machine has addresses, in bytes."""


@contextmanager
def no_new_threads() -> Iterator[None]:
    """Let the system refuse each new thread within the block."""
    usual = threading.stack_size(TOO_LARGE)
    try:
        yield
    finally:
        threading.stack_size(usual)
