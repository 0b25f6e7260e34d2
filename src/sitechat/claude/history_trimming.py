"""Decide how much of a long conversation is sent to Claude. This module does no I/O."""

from __future__ import annotations


def first_exchange(number: int, max_history: int) -> int:
    """Return the number of the first turn that is sent along with turn `number` (both from 0).

    At most `max_history` turns are sent. The first one moves by half of `max_history` at a time,
    so that the cached prefix stays the same for that many turns.
    """
    if max_history <= 0:
        return number
    if number <= max_history:
        return 0
    chunk = max(1, max_history // 2)
    return -(-(number - max_history) // chunk) * chunk
