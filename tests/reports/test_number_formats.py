"""Tests of figures as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sitechat.reports import number_formats


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1.999"), "$2.00"),
        (Decimal("1.995"), "$2.00"),
        (0.99999, "$1.00"),
        (Decimal("0.12345"), "$0.1235"),
        (Decimal("1234.5"), "$1,234.50"),
        (0, "$0.00"),
        (None, number_formats.NONE),
    ],
)
def test_dollars_are_rounded(value: Decimal | float | None, shown: str) -> None:
    assert number_formats.dollars(value) == shown


def test_other_figures_are_rounded() -> None:
    assert number_formats.percent(0.996) == "100%"
    assert number_formats.percent(0.0999) == "10.0%"
    assert number_formats.seconds(1999) == "2 s"
    assert number_formats.seconds(999.7) == "1 s"
    assert number_formats.count(Decimal("2.7")) == "3"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (99_999, "99,999"),
        (100_000, "100k"),
        (123_456, "123.5k"),
        (999_949, "999.9k"),
        (999_950, "1M"),
        (1_234_567, "1.2M"),
        (999_960_000, "1G"),
    ],
)
def test_large_numbers_are_shortened_after_rounding(value: int, shown: str) -> None:
    assert number_formats.count(value) == shown
