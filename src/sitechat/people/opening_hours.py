"""Parsing of opening hours such as "Mon-Fri 09:00-17:00; Sat 10:00-14:00"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY_MINUTES = 24 * 60

ENTRY = re.compile(r"(?P<days>[a-z][a-z,\s-]*?)\s+(?P<times>\d.*)", re.IGNORECASE)
"""An entry, such as "Mon-Fri 09:00-12:00, 13:00-17:00"; see `parse`."""
SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)
"""A time, such as "09:00-17:00"."""


@dataclass(frozen=True)
class Span:
    """Hours on one weekday. Hours that extend past midnight become two spans."""

    day: int
    """The weekday, from 0 for Monday to 6 for Sunday."""
    start: int
    """The first minute, counted from midnight."""
    end: int
    """The minute after the last one."""


def is_open(hours: str, now: datetime) -> bool:
    """Return whether a local time lies within the hours.

    Args:
        hours: The opening hours; see `parse`.
        now: The time, in the time zone of the hours.

    Raises:
        ValueError: The hours are not valid.
    """
    minute = now.hour * 60 + now.minute
    return any(
        span.day == now.weekday() and span.start <= minute < span.end for span in parse(hours)
    )


@lru_cache(maxsize=64)
def parse(hours: str) -> tuple[Span, ...]:
    """Return the spans of the hours.

    Args:
        hours: Entries separated by semicolons. Each has days (`Mon-Fri`, `Mon,Wed`) and one or
            more times (`09:00-12:00, 13:00-17:00`). A time such as `22:00-02:00` ends on the
            next day.

    Raises:
        ValueError: The hours are not valid. The message names the invalid part.
    """
    entries = [entry.strip() for entry in hours.split(";") if entry.strip()]
    if not entries:
        raise ValueError("no hours are given")
    return tuple(span for entry in entries for span in _entry(entry))


def _entry(entry: str) -> Iterator[Span]:
    """Yield the spans of an entry. Hours that extend past midnight give two spans for each day."""
    matched = ENTRY.fullmatch(entry)
    if matched is None:
        raise ValueError(f'{entry!r} is not an entry; entries are like "Mon-Fri 09:00-17:00"')
    days = _days(matched["days"])
    times = re.sub(r"\s*-\s*", "-", matched["times"])
    for text in re.split(r"[,\s]+", times.strip()):
        start, end = _times(text)
        for day in days:
            if start < end:
                yield Span(day, start, end)
            else:
                yield Span(day, start, DAY_MINUTES)
                yield Span((day + 1) % 7, 0, end)


def _days(text: str) -> list[int]:
    """Return the weekdays in the days of an entry, such as "Mon-Fri" or "Sat,Sun"."""
    days: list[int] = []
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        start = _day(first)
        end = _day(last) if last.strip() else start
        days += [(start + offset) % 7 for offset in range((end - start) % 7 + 1)]
    return sorted(set(days))


def _day(text: str) -> int:
    """Return the weekday of a name, of which only the first three letters are compared."""
    name = text.strip().lower()
    try:
        return DAYS.index(name[:3])
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a day; days are Mon, Tue, … Sun") from None


def _times(text: str) -> tuple[int, int]:
    """Return the first minute, and the minute after the last one, counted from midnight."""
    matched = SPAN.fullmatch(text)
    if matched is None:
        raise ValueError(f'{text!r} is not a time; times are like "09:00-17:00"')
    first_hour, first_minute, last_hour, last_minute = map(int, matched.groups())
    start, end = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if first_minute > 59 or last_minute > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{text!r} is not a time of day; times are from 00:00 to 24:00")
    if start == end:
        raise ValueError(f"{text!r} begins and ends at the same time")
    return start, end
