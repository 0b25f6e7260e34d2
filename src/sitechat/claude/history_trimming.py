"""Decide how much of a long conversation is sent to Claude. This module does no I/O."""

from __future__ import annotations


def first_sent_turn(number: int, max_history: int) -> int:
    """Return the number of the first turn that is sent together with the turn `number`.

    Turns are numbered from 0. At most `max_history` earlier turns are sent. If `max_history` is 0,
    the result is `number` itself. The first turn moves by half of `max_history` at a time, so that
    the cached prefix stays the same for that many turns.

    For example, if `max_history` is 4, the turns 5 and 6 are sent with the turns from 2 on, and the
    turns 7 and 8 with the turns from 4 on.
    """
    if max_history <= 0:
        return number
    if number <= max_history:
        return 0
    chunk = max(1, max_history // 2)
    return -(-(number - max_history) // chunk) * chunk
