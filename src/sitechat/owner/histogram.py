"""Times in buckets, which add up over hours and days where percentiles do not. Pure.

A bucket is 5% wider than the one before, so a percentile is right to within 2.5%.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import floor, log

GROWTH = 1.05

Histogram = dict[int, int]
"""How many times fell into a bucket, by the bucket's number."""


def bucket(milliseconds: int) -> int:
    """The number of the bucket that a time falls into; 0 holds less than a millisecond."""
    return floor(log(milliseconds) / log(GROWTH)) + 1 if milliseconds >= 1 else 0


def middle(number: int) -> float:
    """Milliseconds in the middle of a bucket."""
    return 0.0 if number <= 0 else GROWTH ** (number - 1) * (1 + GROWTH) / 2


def stored(histogram: Mapping[int, int]) -> dict[str, int]:
    """A histogram as JSON holds it."""
    return {str(number): count for number, count in sorted(histogram.items())}


def merged(stored: Iterable[object]) -> Histogram:
    """The sum of histograms as JSON held them; what is no histogram counts for nothing."""
    total: Histogram = {}
    for each in stored:
        if not isinstance(each, Mapping):
            continue
        for number, count in each.items():
            try:
                key, amount = int(number), int(count)
            except (TypeError, ValueError):
                continue
            total[key] = total.get(key, 0) + amount
    return total


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Milliseconds that `share` of the times do not exceed; None where there are no times."""
    rest = share * sum(histogram.values())
    if not histogram or sum(histogram.values()) <= 0:
        return None
    for number in sorted(histogram):
        rest -= histogram[number]
        if rest <= 0:
            return middle(number)
    return middle(max(histogram))
