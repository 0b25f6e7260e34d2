from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import IPv6Address
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from sitechat import visitors
from sitechat.visitors import client_network, identify, remember

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _nothing_warned_yet() -> Iterator[None]:
    visitors._warn_forwarded.cache_clear()
    yield
    visitors._warn_forwarded.cache_clear()


def a_request(
    remote: str = "203.0.113.7", forwarded: str | None = None, cookie: str | None = None
) -> HttpRequest:
    headers: dict[str, Any] = {"REMOTE_ADDR": remote}
    if forwarded is not None:
        headers["HTTP_X_FORWARDED_FOR"] = forwarded
    request = RequestFactory().post("/", **headers)
    request.session = SessionStore(cookie)
    return request


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


def test_10000_addresses_of_one_64_are_one_visitor() -> None:
    first = int(IPv6Address("2001:db8:1:2::"))
    step = 2**64 // 10_000
    seen = {identify(a_request(str(IPv6Address(first + n * step)))).ip for n in range(10_000)}
    assert len(seen) == 1
    assert identify(a_request("2001:db8:1:3::1")).ip not in seen


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_inventing_forwarded_addresses_makes_no_new_visitor(proxies: int) -> None:
    # What the proxies append: the visitor's address, then the first proxy's.
    appended = ["198.51.100.1", "10.0.0.1"][:proxies]
    with override_settings(CHAT_TRUSTED_PROXIES=proxies):
        seen = {
            identify(a_request(forwarded=", ".join([f"6.6.{n // 256}.{n % 256}", *appended]))).ip
            for n in range(1_000)
        }
    assert len(seen) == 1


def test_an_address_is_kept_as_a_hash_whose_key_changes_daily() -> None:
    today = identify(a_request(), now=NOON).ip
    assert "203" not in today.split(".")
    assert len(today) == 32
    assert identify(a_request(), now=NOON.replace(hour=23)).ip == today
    assert identify(a_request(), now=NOON + timedelta(days=1)).ip != today
    with override_settings(SECRET_KEY="another"):
        assert identify(a_request(), now=NOON).ip != today


def test_the_day_is_that_of_utc() -> None:
    tokyo = (NOON.replace(hour=23)).astimezone(timezone(timedelta(hours=9)))
    assert identify(a_request(), now=tokyo).ip == identify(a_request(), now=NOON).ip


def test_forwarding_without_trusted_proxies_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "sitechat"):
        for _ in range(3):
            identify(a_request(forwarded="6.6.6.6"))
    (record,) = caplog.records
    assert "CHAT_TRUSTED_PROXIES" in record.getMessage()
    assert "6.6.6.6" not in record.getMessage()


@pytest.mark.parametrize(("proxies", "forwarded"), [(0, None), (1, "6.6.6.6")])
def test_a_site_that_is_set_up_right_is_not_warned(
    proxies: int, forwarded: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(CHAT_TRUSTED_PROXIES=proxies):
        identify(a_request(forwarded=forwarded))
    assert not caplog.records


# The session


def test_identifying_a_visitor_writes_nothing() -> None:
    request = a_request()
    assert identify(request).session
    assert not request.session.modified
    assert request.session.is_empty()


def test_a_remembered_visitor_is_the_same_at_the_next_request() -> None:
    first = a_request()
    visitor = identify(first)
    remember(first, visitor)
    first.session.save()
    second = a_request(cookie=first.session.session_key)
    assert identify(second).session == visitor.session
    remember(second, visitor)
    assert not second.session.modified


def test_a_visitor_without_a_cookie_is_a_new_one_each_time() -> None:
    assert identify(a_request()).session != identify(a_request()).session


@pytest.mark.parametrize("junk", [7, None, "", ["x"], "x" * 500])
def test_what_is_no_identity_in_a_session_is_none(junk: Any) -> None:
    request = a_request()
    request.session[visitors.SESSION_KEY] = junk
    session = identify(request).session
    assert session is not None
    assert len(session) == 32


def test_a_site_without_sessions_counts_by_address() -> None:
    visitor = identify(RequestFactory().post("/"))
    assert visitor.session is None
    remember(RequestFactory().post("/"), visitor)


# The user


def test_a_user_is_an_opaque_word_and_nobody_is_none() -> None:
    request = a_request()
    request.user = AnonymousUser()
    assert identify(request).user is None
    request.user = User(pk=7)
    user = identify(request).user
    assert user is not None
    assert user == identify(request).user
    request.user = User(pk=8)
    assert identify(request).user != user


def test_each_scope_counts_by_its_own_word() -> None:
    visitor = visitors.Visitor(session="s", user=None, ip="i")
    assert [visitor.identity(scope) for scope in ("session", "user", "ip", "site")] == [
        "s",
        None,
        "i",
        "all",
    ]
