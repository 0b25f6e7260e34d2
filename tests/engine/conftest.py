"""Fixtures of the engine tests: requests served by another process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from sitechat.engine.process import running

Elsewhere = Callable[[], AbstractContextManager[object]]


@pytest.fixture
def elsewhere() -> Elsewhere:
    """Return a context in which requests are served as by a process without these replies."""
    return running.renewed
