"""Histograms of times. Unlike percentiles, they can be added up over hours and days.

Each bucket is 5% wider than the one before, so percentiles are accurate to 2.5%.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import floor, log

GROWTH = 1.05
"""The width of a bucket divided by the width of the bucket before."""

Histogram = dict[int, int]
"""The number of times in each bucket, by the bucket's number."""


def bucket(milliseconds: int) -> int:
    """Return the number of a time's bucket. Bucket 0 is for less than a millisecond."""
    return floor(log(milliseconds) / log(GROWTH)) + 1 if milliseconds >= 1 else 0


def middle(number: int) -> float:
    """Return the middle of a bucket in milliseconds; 0 for bucket 0."""
    return 0.0 if number <= 0 else GROWTH ** (number - 1) * (1 + GROWTH) / 2


def as_stored(histogram: Mapping[int, int]) -> dict[str, int]:
    """Return a histogram as a JSON object."""
    return {str(number): count for number, count in sorted(histogram.items())}


def merged(as_stored: Iterable[object]) -> Histogram:
    """Return the sum of histograms that are stored as JSON. Invalid values are ignored."""
    total: Histogram = {}
    for each in as_stored:
        if not isinstance(each, Mapping):
            continue
        for number, count in each.items():
            try:
                key, amount = int(number), int(count)
            except (TypeError, ValueError):
                continue
            total[key] = total.get(key, 0) + amount
    return total


def slowest(as_stored: object) -> float:
    """Return the middle, in milliseconds, of the last bucket of a histogram stored as JSON.

    Return 0 if the histogram is empty or invalid.
    """
    try:
        return middle(max(map(int, as_stored))) if isinstance(as_stored, Mapping) else 0.0
    except ValueError:  # it is empty, or a number is invalid
        return 0.0


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Return a percentile in milliseconds; None for an empty histogram.

    Args:
        histogram: The times.
        share: The percentile from 0 to 1, such as 0.95.
    """
    rest = share * sum(histogram.values())
    if not histogram or sum(histogram.values()) <= 0:
        return None
    for number in sorted(histogram):
        rest -= histogram[number]
        if rest <= 0:
            return middle(number)
    return middle(max(histogram))
