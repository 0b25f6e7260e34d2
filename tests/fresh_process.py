"""A context that resets the per-process state for a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.utils import translation

from sitechat.claude import breaker, fallback_support, regions
from sitechat.conversations import edited_bot_texts
from sitechat.engine.running_replies import live_ids
from sitechat.http import read_limits


@contextmanager
def fresh_process() -> Iterator[None]:
    """Reset the per-process state before and after the block."""
    with (
        breaker.circuit.renewed(),
        regions.in_us.renewed(),
        fallback_support.refusals.renewed(),
        read_limits.calls.renewed(),
    ):
        yield
    assert not live_ids(), "a reply outlives its test, and would be booked in the next one"
    edited_bot_texts.forget()
    cache.clear()
    translation.deactivate()  # a request in another language leaves it active
