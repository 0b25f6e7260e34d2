"""Fixtures of the tests of `sitechat.claude`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sitechat import claude
from tests.claude.calling import Outcome


@pytest.fixture(scope="module")
def calls() -> Iterator[None]:
    """Use one event loop, and so one client, for all calls of a module."""
    Outcome.loop = asyncio.new_event_loop()
    yield
    Outcome.loop.run_until_complete(claude.close_client())
    Outcome.loop.close()
