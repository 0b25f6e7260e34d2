from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from django.test import override_settings

from sitechat.ledger import visitor_identity
from sitechat.ledger.visitor_identity import client_network, identify

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


# The address


def test_without_trusted_proxies_the_peer_is_the_visitor() -> None:
    assert client_network(remote="203.0.113.7", forwarded="", proxies=0) == "203.0.113.7"
    assert client_network(remote="203.0.113.7", forwarded="1.1.1.1", proxies=0) == "203.0.113.7"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 7.7.7.7,198.51.100.1,10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "198.51.100.1"),
        (1, "", "203.0.113.7"),
    ],
)
def test_each_trusted_proxy_vouches_for_one_entry(
    proxies: int, forwarded: str, address: str
) -> None:
    assert client_network(remote="203.0.113.7", forwarded=forwarded, proxies=proxies) == address


@pytest.mark.parametrize(
    "garbage",
    [
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "<script>",
        ",",
        " ",
        "6.6.6.6,",
        "::g",
        "[::1",
        "9" * 9999,
    ],
)
def test_an_entry_that_is_no_address_counts_as_the_proxys_own(garbage: str) -> None:
    assert client_network(remote="203.0.113.7", forwarded=garbage, proxies=1) == "203.0.113.7"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        (" 198.51.100.1 ", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:198.51.100.1]:4711", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        ("[2001:DB8:1:2::9]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/gunicorn.sock", ""),
    ],
)
def test_an_address_is_known_in_every_way_it_is_written(text: str, address: str) -> None:
    assert client_network(remote=text, forwarded="", proxies=0) == address


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
