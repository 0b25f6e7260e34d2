"""Times with and without a UTC offset, for sites with either value of USE_TZ."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def with_offset(moment: datetime) -> datetime:
    """Return the time with a UTC offset. A time without one gets that of the current time zone."""
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def stored_moment(moment: datetime) -> datetime:
    """Return the time as the database stores it: without an offset if USE_TZ = False."""
    moment = with_offset(moment)
    return moment if settings.USE_TZ else timezone.make_naive(moment)
