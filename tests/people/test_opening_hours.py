"""Tests of opening hours."""

from __future__ import annotations

from datetime import datetime

import pytest

from sitechat.people import opening_hours

MONDAY, FRIDAY, SATURDAY, SUNDAY = 2, 6, 7, 8


def at(day: int, time: str) -> datetime:
    hour, minute = map(int, time.split(":"))
    return datetime(2026, 11, day, hour, minute)  # noqa: DTZ001 - a local time


@pytest.mark.parametrize(
    ("text", "day", "time", "is_open"),
    [
        ("Mon-Fri 09:00-17:00", MONDAY, "09:00", True),
        ("Mon-Fri 09:00-17:00", MONDAY, "08:59", False),
        ("Mon-Fri 09:00-17:00", FRIDAY, "16:59", True),
        ("Mon-Fri 09:00-17:00", FRIDAY, "17:00", False),
        ("Mon-Fri 09:00-17:00", SATURDAY, "10:00", False),
        ("monday - friday 9:00 - 17:00", MONDAY, "12:00", True),
        ("Mon,Sat 09:00-12:00, 13:00-17:00", SATURDAY, "14:00", True),
        ("Mon,Sat 09:00-12:00 13:00-17:00", SATURDAY, "12:30", False),
        ("Mon 09:00-12:00; Sat 10:00-14:00", SATURDAY, "10:00", True),
        ("Sat-Mon 08:00-24:00", SUNDAY, "23:59", True),
        ("Sun 22:00-06:00", MONDAY, "05:59", True),
        ("Sun 22:00-06:00", SUNDAY, "21:59", False),
    ],
)
def test_a_time_is_within_the_hours_or_not(text: str, day: int, time: str, is_open: bool) -> None:
    assert opening_hours.is_open(text, at(day, time)) is is_open


@pytest.mark.parametrize(
    "text",
    [
        "", ";", "Mon", "09:00-17:00", "Mon 9-17", "Mon 09:00", "Mon 09:00-25:00",
        "Mon 09:60-17:00",
        "Xyz 09:00-17:00", "Mon 09:00-09:00", "Mon-Fri 24:00-06:00", "Mon-Fri 09:00-17:00 or so",
        "Mon- 09:00-17:00 -", "M" * 100_000, "Mon " + "0" * 100_000,
    ],
)  # fmt: skip
def test_invalid_hours_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        opening_hours.parse(text)
