"""Times with and without a UTC offset, for sites with either value of USE_TZ.

With USE_TZ = False, the database has local times of TIME_ZONE without an offset. When the clocks go
back, one hour is repeated. A time in this hour is taken as the first of the two times that it can
mean.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def with_offset(moment: datetime) -> datetime:
    """Return the time with a UTC offset. A time without one gets that of TIME_ZONE.

    The active time zone, such as that of a user, is not used, because stored times are not in it.
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
