"""Times with and without a UTC offset, for sites with either value of USE_TZ.

With USE_TZ = False, the database has local times of TIME_ZONE without an offset. When the clocks go
back, an hour comes twice: its times are taken as those of the first one.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def with_offset(moment: datetime) -> datetime:
    """Return the time with a UTC offset. A time without one gets that of TIME_ZONE.

    A time zone that was activated for a user does not count: the database's times are not in it.
    """
    if timezone.is_naive(moment):
        return timezone.make_aware(moment, timezone.get_default_timezone())
    return moment


def stored_moment(moment: datetime) -> datetime:
    """Return the time as the database stores it: in TIME_ZONE without an offset if USE_TZ = False.

    With USE_TZ = False, a time without an offset is returned unchanged.
    """
    if settings.USE_TZ:
        return with_offset(moment)
    if timezone.is_naive(moment):
        return moment
    return timezone.make_naive(moment, timezone.get_default_timezone())
