"""How the owner's pages write numbers down. None is a dash."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()

NONE = "–"  # noqa: RUF001


@register.filter
def dollars(value: Decimal | float | None) -> str:
    """Dollars with cents, or with four decimals where cents would say nothing."""
    if value is None:
        return NONE
    decimals = 2 if value == 0 or abs(float(value)) >= 1 else 4
    return f"${number_format(value, decimals, force_grouping=True)}"


@register.filter
def count(value: float | Decimal | None) -> str:
    """A whole number; from a hundred thousand on, with k, M or G."""
    if value is None:
        return NONE
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= 100 * size or (size > 1000 and value >= size):
            return number_format(float(value) / size, 1) + sign
    return number_format(value, 0, force_grouping=True)


@register.filter
def seconds(milliseconds: float | None) -> str:
    """A time in seconds; below one in milliseconds."""
    if milliseconds is None:
        return NONE
    if milliseconds < 1000:
        return f"{number_format(milliseconds, 0)} ms"
    return f"{number_format(milliseconds / 1000, 1)} s"


@register.filter
def percent(share: float | None) -> str:
    if share is None:
        return NONE
    return f"{number_format(share * 100, 1 if 0 < share < 0.1 else 0)}%"


@register.filter
def hundredths(share: float) -> int:
    """A share as a whole number of percent, for attributes."""
    return round(share * 100)
