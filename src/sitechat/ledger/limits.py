"""Parse CHAT_LIMITS and compute the time windows of limits.

This module uses no database, cache or clock. `sitechat.ledger.base` and its subclasses keep the
counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import override

from sitechat.conf import conf

SCOPES = ("session", "ip", "user", "site")
"""The scopes of limits: each session, address or user has its own counts, the site has one."""

UNITS = ("messages", "tokens", "usd")
"""The units of limits."""

PERIODS = ("minute", "hour", "day", "month")
"""The periods of limits, in ascending order."""

NANO = 10**9
"""Dollars are counted in whole nano-dollars. Prices with up to three decimals per million tokens
are exact in this unit, and a 64-bit counter holds nine billion dollars."""

MAX_AMOUNT = 10**9
"""The largest amount of a limit. As dollars, it is a ninth of what a 64-bit counter holds."""

EXAMPLES = {
    "session": "20 messages/hour",
    "ip": "60 messages/hour",
    "user": "100000 tokens/day",
    "site": "20 usd/day",
}
"""A valid entry for each scope, for error messages."""

ENTRY = re.compile(
    rf"\s*(?P<amount>[0-9]+(?:\.[0-9]+)?)\s+(?P<unit>{'|'.join(UNITS)})"
    rf"\s*/\s*(?P<period>{'|'.join(PERIODS)})\s*"
)
"""An entry of CHAT_LIMITS, such as "20 messages/hour"."""


@dataclass(frozen=True)
class Limit:
    """One entry of CHAT_LIMITS. It applies to each identity of its scope separately.

    `cap` is the maximum in one period, as a whole number: messages, tokens, or nano-dollars for
    the unit `usd`.
    """

    scope: str
    unit: str
    period: str
    cap: int

    def __str__(self) -> str:
        amount = readable_amount(self.unit, self.cap)
        return f"{amount:f} {self.unit}/{self.period}"


@dataclass(frozen=True)
class Window:
    """A calendar period in UTC, including `start` and excluding `end`."""

    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """The window's name, unique among windows of the same period."""
        return f"{self.start:%Y%m%dT%H%M}"


def window(period: str, now: datetime) -> Window:
    """Return the window of `period` that contains the aware datetime `now`.

    Periods follow the calendar in UTC, so a month has 28 to 31 days.
    """
    start = now.astimezone(timezone.utc).replace(second=0, microsecond=0)
    if period == "minute":
        return Window(start, start + timedelta(minutes=1))
    start = start.replace(minute=0)
    if period == "hour":
        return Window(start, start + timedelta(hours=1))
    start = start.replace(hour=0)
    if period == "day":
        return Window(start, start + timedelta(days=1))
    start = start.replace(day=1)
    return Window(start, (start + timedelta(days=32)).replace(day=1))


def nano_dollars(dollars: Decimal) -> int:
    """Return dollars as nano-dollars, rounded up, so that bookings never fall below the bill."""
    return int((dollars * NANO).to_integral_value(ROUND_CEILING))


def readable_amount(unit: str, amount: int) -> Decimal:
    """Return an amount as people read it: messages, tokens, or dollars rounded down to $0.0001."""
    if unit != "usd":
        return Decimal(amount)
    dollars = (Decimal(amount) / NANO).quantize(Decimal("0.0001"), ROUND_FLOOR)
    return dollars.quantize(Decimal(1)) if dollars == dollars.to_integral() else dollars.normalize()


def current_limits() -> tuple[Limit, ...]:
    """Return the limits of CHAT_LIMITS; raise ImproperlyConfigured if they are invalid."""
    limits, wrong = _parse(conf.CHAT_LIMITS)
    if wrong:
        with override("en"):  # for developers: not in the visitor's language
            raise ImproperlyConfigured(" ".join(problems(conf.CHAT_LIMITS)))
    return limits


def problems(value: Any) -> list[str]:
    """Return a sentence with a valid example for each problem in a value of CHAT_LIMITS."""
    return _parse(value)[1]


def _parse(value: Any) -> tuple[tuple[Limit, ...], list[str]]:
    """Return the valid limits of a value of CHAT_LIMITS, and a sentence for each problem."""
    if not isinstance(value, Mapping):
        example = '{"session": ["20 messages/hour"], "site": ["20 usd/day"]}'
        return (), [
            _("%(name)s is %(value)r; write a dictionary such as %(example)s.")
            % {"name": "CHAT_LIMITS", "value": value, "example": example}
        ]
    limits: list[Limit] = []
    wrong: list[str] = []
    for scope, entries in value.items():
        of_scope, wrong_of_scope = _parse_scope(scope, entries)
        limits += of_scope
        wrong += wrong_of_scope
    return tuple(limits), wrong


def _parse_scope(scope: Any, entries: Any) -> tuple[list[Limit], list[str]]:
    """Return the valid limits of one scope in CHAT_LIMITS, and a sentence for each problem."""
    if scope not in SCOPES:
        return [], [
            _(
                "CHAT_LIMITS contains the unknown scope %(scope)r; scopes are %(scopes)s. Write "
                "for example %(example)s."
            )
            % {
                "scope": scope,
                "scopes": ", ".join(SCOPES),
                "example": f'{{"session": ["{EXAMPLES["session"]}"]}}',
            }
        ]
    name = f'CHAT_LIMITS["{scope}"]'
    if isinstance(entries, (str, bytes)) or not isinstance(entries, Sequence):
        return [], [
            _("%(name)s is %(value)r; write a list such as %(example)s.")
            % {"name": name, "value": entries, "example": f'["{EXAMPLES[scope]}"]'}
        ]
    limits: dict[tuple[str, str], Limit] = {}
    wrong: list[str] = []
    for entry in entries:
        limit = _limit(scope, entry)
        if isinstance(limit, str):
            wrong.append(
                _('%(name)s has %(entry)r: %(problem)s Write for example "%(example)s".')
                % {"name": name, "entry": entry, "problem": limit, "example": EXAMPLES[scope]}
            )
        elif (limit.unit, limit.period) in limits:
            wrong.append(
                _(
                    "%(name)s limits %(unit)s per %(period)s twice; keep one of the "
                    'entries, such as "%(entry)s".'
                )
                % {"name": name, "unit": limit.unit, "period": limit.period, "entry": limit}
            )
        else:
            limits[limit.unit, limit.period] = limit
    return [*limits.values()], wrong


def _limit(scope: str, entry: Any) -> Limit | str:
    """Return an entry as a Limit, or a sentence about its problem."""
    match = ENTRY.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        return _(
            "an entry is an amount, a unit and a period; units are %(units)s, periods %(periods)s."
        ) % {"units": ", ".join(UNITS), "periods": ", ".join(PERIODS)}
    amount, unit, period = Decimal(match["amount"]), match["unit"], match["period"]
    if unit != "usd" and amount != amount.to_integral():
        return _("%(unit)s must be whole numbers.") % {"unit": unit}
    if not 0 < amount <= MAX_AMOUNT:
        return _("the amount must be above 0 and at most %(maximum)s.") % {"maximum": MAX_AMOUNT}
    if scope == "ip" and period == "month":
        return _(
            "addresses are kept as hashes whose key changes daily, so they can't be "
            "counted for a month."
        )
    cap = int(amount * NANO) if unit == "usd" else int(amount)
    if cap < 1:
        return _("the amount is below a billionth of a dollar.")
    return Limit(scope=scope, unit=unit, period=period, cap=cap)
