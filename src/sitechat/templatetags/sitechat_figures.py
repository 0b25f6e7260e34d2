"""How the owner's pages write numbers down. None is a dash."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()

NONE = "–"  # noqa: RUF001


@register.filter
def dollars(value: Decimal | float | None) -> str:
    """Dollars with cents, or with four decimals where cents would not say it."""
    if value is None:
        return NONE
    decimals = 2 if abs(float(value)) >= 1 or _is_whole(value * 100) else 4
    return f"${number_format(value, decimals, force_grouping=True)}"


@register.filter
def count(value: float | Decimal | None) -> str:
    """A whole number; from a hundred thousand on, with k, M or G."""
    if value is None:
        return NONE
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= 100 * size or (size > 1000 and value >= size):
            return _short(float(value) / size) + sign
    return number_format(value, 0, force_grouping=True)


@register.filter
def seconds(milliseconds: float | None) -> str:
    """A time in seconds; below one in milliseconds."""
    if milliseconds is None:
        return NONE
    if milliseconds < 1000:
        return f"{number_format(milliseconds, 0)} ms"
    return f"{_short(milliseconds / 1000)} s"


def _short(value: float) -> str:
    """With one decimal, unless it is whole."""
    return number_format(value, 0 if _is_whole(value) else 1)


def _is_whole(value: Decimal | float) -> bool:
    return abs(float(value) - round(value)) < 1e-9


@register.filter
def percent(share: float | None) -> str:
    if share is None:
        return NONE
    return f"{number_format(share * 100, 1 if 0 < share < 0.1 else 0)}%"


@register.filter
def hundredths(share: float) -> int:
    """A share as a whole number of percent, for attributes."""
    return round(share * 100)
