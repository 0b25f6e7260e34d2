"""Fixtures of a webhook on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.events.receiver import Receiver, receiver

SECRET = "a secret of the test"


@pytest.fixture
def hook(settings: Settings) -> Iterator[Receiver]:
    """Return a server that gets all events."""
    with receiver() as found:
        settings.CHAT_WEBHOOKS = [{"url": found.url, "secret": SECRET, "allow_private": True}]
        yield found
