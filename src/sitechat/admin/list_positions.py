"""The position of a row in a list. `keyset_pagination` continues a list from such a position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime


@dataclass(frozen=True)
class ListPosition:
    """A position in a list that is ordered by time and then id, the newest first."""

    moment: datetime
    pk: str

    def __str__(self) -> str:
        return f"{self.moment.isoformat()}_{self.pk}"

    @classmethod
    def parse(cls, value: str) -> ListPosition | None:
        """Return the position that `str` wrote into a link; None if the value is not valid."""
        text, _, pk = value.partition("_")
        try:
            moment = parse_datetime(text)
        except ValueError:
            return None
        if moment is None or timezone.is_aware(moment) != settings.USE_TZ:
            return None
        if not pk.replace("-", "").isalnum() or not pk.isascii():
            return None
        return cls(moment, pk)

    def older(self, field: str) -> Q:
        """Return a filter for the older rows, which follow this one in the list."""
        return Q(**{f"{field}__lte": self.moment}) & (
            Q(**{f"{field}__lt": self.moment}) | Q(pk__lt=self.pk)
        )

    def this_and_newer(self, field: str) -> Q:
        """Return a filter for this row and the newer ones, which precede it in the list."""
        return Q(**{f"{field}__gte": self.moment}) & (
            Q(**{f"{field}__gt": self.moment}) | Q(pk__gte=self.pk)
        )


def is_id(value: str) -> bool:
    """Return whether a text is a valid integer id: at most 18 digits.

    Django 4.2 raises an error for numbers that the database can't store.
    """
    return value.isascii() and value.isdecimal() and len(value) < 19
