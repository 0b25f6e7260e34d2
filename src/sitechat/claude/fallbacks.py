"""Whether the current server accepts `fallbacks`, as far as this process knows.

Clouds and compatible servers may refuse the field, or a model that it names. The chat then asks
the fallback model with a request of its own.
"""

from __future__ import annotations

from sitechat.claude.client import client_settings
from sitechat.runtime.per_process import PerProcess

refusals: PerProcess[set[tuple[str | None, ...]]] = PerProcess(set)
"""The settings of a client, and the two models of a request that its server refused."""


def refused(model: str, fallback: str) -> None:
    """Remember that the server refuses these models together."""
    refusals().add((*client_settings(), model, fallback))


def accepted(model: str, fallback: str) -> bool:
    """Return whether the server is not known to refuse these models together."""
    return (*client_settings(), model, fallback) not in refusals()
