"""Tests of the identities that limits count by."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from django.test import override_settings

from sitechat.ledger import visitor_identity
from sitechat.ledger.visitor_identity import identify

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def address_identity(now: datetime = NOON) -> str:
    return identify(session=None, user_pk=None, network="203.0.113.7", now=now).ip


def test_an_address_is_kept_as_a_hash_whose_key_changes_daily() -> None:
    today = address_identity()
    assert "203" not in today.split(".")
    assert len(today) == 32
    assert address_identity(NOON.replace(hour=23)) == today
    assert address_identity(NOON + timedelta(days=1)) != today
    with override_settings(SECRET_KEY="another"):
        assert address_identity() != today


def test_the_day_is_that_of_utc() -> None:
    tokyo = (NOON.replace(hour=23)).astimezone(timezone(timedelta(hours=9)))
    assert address_identity(tokyo) == address_identity()


def test_each_scope_counts_by_its_own_word() -> None:
    visitor = visitor_identity.Visitor(session="s", user=None, ip="i")
    assert [visitor.identity(scope) for scope in ("session", "user", "ip", "site")] == [
        "s",
        None,
        "i",
        "all",
    ]
