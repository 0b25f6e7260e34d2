"""Tests of the limit of open streams in a process."""

from __future__ import annotations

from sitechat.http.stream_slots import stream_slots, take_slot


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
