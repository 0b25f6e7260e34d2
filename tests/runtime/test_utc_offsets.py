"""Tests of times with and without a UTC offset."""

from __future__ import annotations

from datetime import datetime, timezone

from django.test import override_settings
from django.utils.timezone import override

from sitechat.runtime.utc_offsets import stored_moment, with_offset

NOON = datetime.fromisoformat("2026-07-01T12:00")
IN_UTC = datetime(2026, 7, 1, 10, tzinfo=timezone.utc)


@override_settings(USE_TZ=False, TIME_ZONE="Europe/Berlin")
def test_a_time_without_an_offset_is_in_the_sites_zone_and_not_in_that_of_a_user() -> None:
    for zone in ("Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"):
        with override(zone):
            assert with_offset(NOON) == IN_UTC
            assert stored_moment(IN_UTC) == NOON
            assert stored_moment(NOON) == NOON


@override_settings(USE_TZ=True, TIME_ZONE="Europe/Berlin")
def test_with_time_zones_the_offset_stays() -> None:
    assert with_offset(IN_UTC) is IN_UTC
    assert stored_moment(IN_UTC) is IN_UTC
