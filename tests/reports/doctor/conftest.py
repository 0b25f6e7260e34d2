"""Fixtures of the doctor tests: sites with faults, and a machine without a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.reports.doctor.fake import FakeSite, Start


@pytest.fixture
def fake() -> Iterator[Start]:
    """Return a function that starts sites with faults, which are stopped after the test."""
    servers: list[FakeSite] = []

    def start(*faults: str) -> FakeSite:
        server = FakeSite(*faults)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def no_key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the API key, as on a machine from which another site is examined."""
    settings.ANTHROPIC_API_KEY = None
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
