"""What running replies have reserved in the limits."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from sitechat.models import Counter
from sitechat.runtime.utc_offsets import stored_moment


def still_reserved() -> QuerySet[Counter]:
    """Return the counters of current windows in which something is reserved.

    A reply that ends in a new window leaves its reservation in the counter of the old one.
    """
    return Counter.objects.filter(reserved__gt=0, expires__gt=stored_moment(timezone.now()))
