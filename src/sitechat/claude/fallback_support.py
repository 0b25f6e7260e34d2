"""Whether the current server accepts the field `fallbacks`, as far as this process knows.

Clouds and compatible servers may refuse this field of a request, or a model that it names. The chat
then sends a separate request to the fallback model.
"""

from __future__ import annotations

from sitechat.claude.client import client_settings
from sitechat.runtime.per_process import PerProcess

refusals: PerProcess[set[tuple[str | None, ...]]] = PerProcess(set)
"""Refused pairs, each as the settings of the client, the requested model and the fallback model."""


def remember_refusal(model: str, fallback: str) -> None:
    """Remember that the current server refuses this fallback model for this model."""
    refusals().add((*client_settings(), model, fallback))


def is_accepted(model: str, fallback: str) -> bool:
    """Return whether the current server may accept this fallback model for this model.

    Return False only after `remember_refusal`.
    """
    return (*client_settings(), model, fallback) not in refusals()
