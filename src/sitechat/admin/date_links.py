"""Links that filter a list by year, month or day.

The first and the last time in the table decide which periods are offered. The links replace
Django's date hierarchy, which reads every row to find the days that have rows.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Max, Min
from django.utils import formats, timezone
from django.utils.text import capfirst

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList


PARTS = ("year", "month", "day")

MAX_YEARS = 20
"""Maximum number of years that are offered. Older years are left out."""


@dataclass(frozen=True)
class DateLink:
    """A link to a year, month or day."""

    title: str
    url: str


@dataclass(frozen=True)
class DateLinks:
    """Links from the chosen period to longer periods and to its parts."""

    back: list[DateLink] = field(default_factory=list)
    """Links to the periods that contain the chosen one, the longest first.

    The first link, to all dates, has no title.
    """
    chosen: str = ""
    """The name of the chosen period; empty if none is chosen."""
    choices: list[DateLink] = field(default_factory=list)
    """Links to the parts of the chosen period, such as the days of a month."""

    @classmethod
    def of(cls, changelist: ChangeList) -> DateLinks:
        """Return the links for the period in the query string.

        Return no links if the table is empty, or if the list has no date hierarchy.
        """
        name = changelist.date_hierarchy
        if not isinstance(name, str):
            return cls()
        ends = changelist.model._default_manager.aggregate(first=Min(name), last=Max(name))
        if ends["first"] is None:
            return cls()
        first, last = _local(ends["first"]), _local(ends["last"])
        year, month, day = (_number(changelist, f"{name}__{part}") for part in PARTS)

        def link(title: str, *chosen: int) -> DateLink:
            values = dict(zip(PARTS, (*chosen, None, None, None), strict=False))
            changed: dict[str, Any] = {f"{name}__{part}": values[part] for part in PARTS}
            return DateLink(title, changelist.get_query_string(changed))

        back = [link("")]
        if year is None or not date.min.year <= year <= date.max.year:
            if first.year != last.year:
                years = range(first.year, last.year + 1)
                return cls(choices=[link(str(each), each) for each in years][-MAX_YEARS:])
            # All rows are of one year, so its months are offered at once.
            back, year, month = [], first.year, None
        if month is None or not 1 <= month <= 12:
            months = [
                m for m in range(1, 13) if first <= _end(year, m) and date(year, m, 1) <= last
            ]
            chosen = str(year) if back else ""
            return cls(back, chosen, [link(_month(year, m), year, m) for m in months])
        back.append(link(str(year), year))
        if day is None or not 1 <= day <= monthrange(year, month)[1]:
            days = [date(year, month, d) for d in range(1, monthrange(year, month)[1] + 1)]
            return cls(
                back,
                _month(year, month),
                [link(str(d.day), year, month, d.day) for d in days if first <= d <= last],
            )
        back.append(link(_month(year, month), year, month))
        return cls(back, _day(date(year, month, day)))


def _local(moment: datetime) -> date:
    return timezone.localtime(moment).date() if timezone.is_aware(moment) else moment.date()


def _number(changelist: ChangeList, name: str) -> int | None:
    value = changelist.params.get(name)
    return int(value) if value and value.isdecimal() and len(value) <= 4 else None


def _end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _month(year: int, month: int) -> str:
    return capfirst(formats.date_format(date(year, month, 1), "YEAR_MONTH_FORMAT"))


def _day(day: date) -> str:
    return capfirst(formats.date_format(day, "MONTH_DAY_FORMAT"))
