"""Formatting of numbers for admin pages and reports. None is shown as a dash."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

NONE = "–"  # noqa: RUF001


def dollars(value: Decimal | float | None) -> str:
    """Return dollars with cents. Amounts below a dollar that are not whole cents get 4 decimals."""
    if value is None:
        return NONE
    is_small = abs(rounded(value, 4)) < 1 and not _is_whole(value * 100)
    decimals = 4 if is_small else 2
    return f"${number_format(rounded(value, decimals), decimals, force_grouping=True)}"


def rounded(value: Decimal | float, decimals: int) -> Decimal:
    """Return a number rounded half up. `number_format` would only cut off the other decimals."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def count(value: float | Decimal | None) -> str:
    """Return a whole number, with k, M or G from 100,000 on."""
    if value is None:
        return NONE
    for size, sign in ((10**9, "G"), (10**6, "M")):
        if rounded(1000 * float(value) / size, 1) >= 1000:  # the smaller unit needs four digits
            return _short(float(value) / size) + sign
    if value >= 100_000:
        return _short(float(value) / 1000) + "k"
    return number_format(rounded(value, 0), 0, force_grouping=True)


def seconds(milliseconds: float | None) -> str:
    """Return a time in seconds, or in milliseconds below one second."""
    if milliseconds is None:
        return NONE
    if rounded(milliseconds, 0) < 1000:
        return f"{number_format(rounded(milliseconds, 0), 0)} ms"
    return f"{_short(milliseconds / 1000)} s"


def _short(value: float) -> str:
    """Return the number with one decimal, or with none if it is whole."""
    short = rounded(value, 1)
    return number_format(short, 0 if _is_whole(short) else 1)


def _is_whole(value: Decimal | float) -> bool:
    return abs(float(value) - round(value)) < 1e-9


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, in percent, with one decimal below 10%."""
    if share is None:
        return NONE
    decimals = 1 if 0 < share < 0.1 else 0
    return f"{number_format(rounded(share * 100, decimals), decimals)}%"


def hundredths(share: float) -> int:
    """Return a share, 0 to 1, in whole percent, for HTML attributes."""
    return round(share * 100)
