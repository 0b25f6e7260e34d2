"""The pytest fixture `claude_standin`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sitechat.standin import Standin


@pytest.fixture(scope="session")
def _claude_standin_server() -> Iterator[Standin]:
    # Imported here because pytest loads this plugin at every start, even if it is not used.
    from sitechat.standin import Standin

    # One address for the whole session, because the app keeps its client between tests.
    with Standin() as standin:
        yield standin


@pytest.fixture
def claude_standin(
    _claude_standin_server: Standin, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Standin]:
    """Provide a stand-in of Claude's API without the state of earlier tests.

    During the test, `ANTHROPIC_BASE_URL` is the address of the stand-in, and `ANTHROPIC_API_KEY` a
    key that it accepts.
    """
    monkeypatch.setenv("ANTHROPIC_BASE_URL", _claude_standin_server.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-standin")
    _claude_standin_server.clear()
    yield _claude_standin_server
    _claude_standin_server.clear()
