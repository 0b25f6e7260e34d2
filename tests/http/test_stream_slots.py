"""Tests of the limit of open streams in a process."""

from __future__ import annotations

import pytest

from sitechat.http.stream_slots import StreamSlot, stream_slots, take_slot


def test_a_released_slot_can_be_taken_again_once() -> None:
    with stream_slots.renewed():
        first, second = take_slot(2), take_slot(2)
        assert first is not None
        assert second is not None
        assert take_slot(2) is None
        first.release()
        first.release()
        third = take_slot(2)
        assert third is not None
        assert take_slot(2) is None
        assert take_slot(None) is not None


@pytest.mark.parametrize(("limit", "followers"), [(8, 4), (3, 1), (1, 1), (0, 0)])
def test_streams_that_follow_take_at_most_half_of_the_slots(limit: int, followers: int) -> None:
    with stream_slots.renewed():
        taken = taken_slots(limit, follows=True)
        assert len(taken) == followers
        others = taken_slots(limit, follows=False)
        assert len(others) == limit - followers
        taken.clear()  # a slot to which nothing refers is released
        assert len(taken_slots(limit, follows=True)) == followers


def test_followers_without_a_limit_are_not_refused() -> None:
    with stream_slots.renewed():
        slots = [take_slot(None, follows=True) for _ in range(5)]
        assert None not in slots


def taken_slots(limit: int, *, follows: bool) -> list[StreamSlot]:
    """Take all slots that are free."""
    taken = []
    while (slot := take_slot(limit, follows=follows)) is not None:
        taken.append(slot)
    return taken
