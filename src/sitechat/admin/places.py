"""Where a page of a long list begins: after a row's place in an index, not after so many rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime


@dataclass(frozen=True)
class Place:
    """A row's place in a list by a moment, the newest first, and by id where moments are equal."""

    moment: datetime
    pk: str

    def __str__(self) -> str:
        return f"{self.moment.isoformat()}_{self.pk}"

    @classmethod
    def parse(cls, value: str) -> Place | None:
        """The place of a link; None for anything that no link of ours says."""
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

    def before(self, field: str) -> Q:
        """Rows that come after this one in the list."""
        return Q(**{f"{field}__lte": self.moment}) & (
            Q(**{f"{field}__lt": self.moment}) | Q(pk__lt=self.pk)
        )

    def from_here(self, field: str) -> Q:
        """This row and those that come before it in the list."""
        return Q(**{f"{field}__gte": self.moment}) & (
            Q(**{f"{field}__gt": self.moment}) | Q(pk__gte=self.pk)
        )


def is_id(value: str) -> bool:
    """Whether a text is a number that a row of ours can have; Django 4.2 fails at larger ones."""
    return value.isascii() and value.isdecimal() and len(value) < 19
