"""Tests of behaviour specific to the ledger in the database."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from sitechat.errors import RateLimited
from sitechat.ledger import DatabaseLedger
from sitechat.models import Counter
from tests.ledger_book import BOB, NOW, left, reserve

pytestmark = pytest.mark.database


@override_settings(CHAT_LIMITS={"session": ["5 messages/hour"], "ip": ["1 messages/hour"]})
def test_a_visitor_who_is_refused_leaves_no_row(db: None) -> None:
    reserve(DatabaseLedger())
    with pytest.raises(RateLimited):
        reserve(DatabaseLedger(), BOB)
    assert Counter.objects.count() == 2


def test_reading_what_is_left_is_one_query_and_writes_nothing(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        DatabaseLedger().left(BOB)
    assert len(queries) == 1
    assert not Counter.objects.exists()


@override_settings(CHAT_LIMITS={"session": ["5 messages/hour"], "site": ["1 usd/day"]})
def test_settling_after_the_counts_were_deleted_does_nothing(db: None) -> None:
    reservation = reserve(DatabaseLedger())
    Counter.objects.all().delete()
    DatabaseLedger().settle(reservation, tokens=1, dollars=Decimal(1), now=NOW)
    assert not Counter.objects.exists()


def statements(queries: CaptureQueriesContext) -> list[str]:
    words = [query["sql"].split()[0] for query in queries]
    return [word for word in words if word not in {"SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"}]


@override_settings(
    CHAT_LIMITS={
        "session": ["20 messages/hour", "100000 tokens/day", "5 usd/month"],
        "ip": ["60 messages/minute", "500 messages/day"],
        "user": ["9 usd/day"],
        "site": ["20 usd/day", "200 usd/month"],
    }
)
def test_counting_a_message_takes_two_statements_and_three_on_mysql(db: None) -> None:
    expected = ["INSERT", "UPDATE"]
    if connection.vendor == "mysql":
        expected.insert(1, "UPDATE")
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            reservation = reserve(DatabaseLedger(), BOB)
            DatabaseLedger().settle(reservation, tokens=10, dollars=Decimal("0.001"), now=NOW)
        assert statements(queries) == expected


@override_settings(CHAT_LIMITS={"session": ["5 messages/hour"]})
def test_taking_inside_a_transaction_that_is_rolled_back_takes_nothing(db: None) -> None:
    with transaction.atomic():
        reserve(DatabaseLedger())
        transaction.set_rollback(True)
    assert left(DatabaseLedger()) == {"session messages": 5}


@override_settings(CHAT_LIMITS={"session": ["1 messages/hour"]})
def test_a_refusal_leaves_the_callers_transaction_whole(db: None) -> None:
    with transaction.atomic():
        reserve(DatabaseLedger())
        with pytest.raises(RateLimited):
            reserve(DatabaseLedger())
        Counter.objects.create(key="mine", expires=NOW)
    assert Counter.objects.filter(key="mine").exists()


@override_settings(
    CHAT_LIMITS={"session": ["1 messages/minute", "9 messages/hour"], "ip": ["9 messages/day"]}
)
def test_purging_deletes_the_counts_of_windows_that_have_ended(db: None) -> None:
    reserve(DatabaseLedger())
    assert DatabaseLedger().purge(NOW) == 0
    assert DatabaseLedger().purge(NOW + timedelta(minutes=30)) == 2
    assert DatabaseLedger().purge(NOW + timedelta(days=1)) == 1
    assert DatabaseLedger().purge() == 0


def test_purging_takes_any_number(db: None) -> None:
    Counter.objects.bulk_create(Counter(key=f"k{n}", expires=NOW) for n in range(2_500))
    assert DatabaseLedger().purge(NOW) == 2_500


@override_settings(CHAT_LIMITS={"session": ["1 messages/minute"]})
def test_a_site_without_time_zone_support_counts_the_same(transactional_db: None) -> None:
    with override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo"):
        reserve(DatabaseLedger())
        with pytest.raises(RateLimited):
            reserve(DatabaseLedger())
        assert DatabaseLedger().purge(NOW) == 0
        assert DatabaseLedger().purge(NOW + timedelta(minutes=1)) == 1


@override_settings(CHAT_LIMITS={"session": ["1 messages/hour"]})
def test_purging_keeps_the_counts_of_this_hour_when_the_clocks_go_back(
    transactional_db: None,
) -> None:
    """Test the hour before 01:00 UTC, at which 03:00 in Berlin becomes 02:00 again."""
    now = datetime(2026, 10, 25, 0, 10, tzinfo=timezone.utc)
    with override_settings(USE_TZ=False, TIME_ZONE="Europe/Berlin"):
        reserve(DatabaseLedger(), now=now)
        assert DatabaseLedger().purge(now) == 0
        with pytest.raises(RateLimited):
            reserve(DatabaseLedger(), now=now)
        assert DatabaseLedger().purge(now + timedelta(hours=2)) == 1
