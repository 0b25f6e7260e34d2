"""Whether Claude runs in the US only, which costs more, as far as this process knows.

The settings of a workspace may require this. Only the answers of Claude report it.
"""

from __future__ import annotations

from sitechat.claude.client import client_settings
from sitechat.runtime.per_process import PerProcess

US = "us"
"""The value of `usage.inference_geo` that costs more."""

in_us: PerProcess[set[tuple[str | None, ...]]] = PerProcess(set)
"""The settings (`client_settings`) of the clients that got an answer from the US."""


def remember_region(inference_geo: str) -> None:
    """Remember if an answer to the current client came from the US."""
    if inference_geo == US:
        in_us().add(client_settings())


def runs_in_us() -> bool:
    """Return whether an answer to the current client came from the US."""
    return client_settings() in in_us()
