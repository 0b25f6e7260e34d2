"""Tests of the identities by which limits count visitors."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from sitechat.http import client_address, session_data
from sitechat.http.session_data import remember
from sitechat.http.visit_reader import read_visit
from sitechat.ledger.visitor_identity import Visitor

CONVERSATION = uuid.uuid4()


@pytest.fixture(autouse=True)
def _nothing_warned_yet() -> Iterator[None]:
    client_address.warn_of_ignored_header.cache_clear()
    yield
    client_address.warn_of_ignored_header.cache_clear()


def a_request(
    remote: str = "203.0.113.7", forwarded: str | None = None, cookie: str | None = None
) -> HttpRequest:
    headers: dict[str, Any] = {"REMOTE_ADDR": remote}
    if forwarded is not None:
        headers["HTTP_X_FORWARDED_FOR"] = forwarded
    request = RequestFactory().post("/", **headers)
    request.session = SessionStore(cookie)
    return request


def visitor_of(request: HttpRequest) -> Visitor:
    return read_visit(request).visitor


# The address


def test_all_addresses_of_an_ipv6_64_are_one_visitor() -> None:
    first = int(IPv6Address("2001:db8:1:2::"))
    step = 2**64 // 1_000
    seen = {visitor_of(a_request(str(IPv6Address(first + n * step)))).ip for n in range(1_000)}
    assert len(seen) == 1
    assert visitor_of(a_request("2001:db8:1:3::1")).ip not in seen


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_invented_forwarded_addresses_create_no_new_visitor(proxies: int) -> None:
    # What the proxies append: the visitor's address, then the first proxy's.
    appended = ["198.51.100.1", "10.0.0.1"][:proxies]
    with override_settings(CHAT_TRUSTED_PROXIES=proxies):
        seen = {
            visitor_of(a_request(forwarded=", ".join([f"6.6.{n // 256}.{n % 256}", *appended]))).ip
            for n in range(300)
        }
    assert len(seen) == 1


def test_a_forwarded_address_without_trusted_proxies_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "sitechat"):
        for _ in range(3):
            visitor_of(a_request(forwarded="6.6.6.6"))
    (record,) = caplog.records
    assert "CHAT_TRUSTED_PROXIES" in record.getMessage()
    assert "6.6.6.6" not in record.getMessage()


@pytest.mark.parametrize(("proxies", "forwarded"), [(0, None), (1, "6.6.6.6")])
def test_a_correct_setting_logs_nothing(
    proxies: int, forwarded: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(CHAT_TRUSTED_PROXIES=proxies):
        visitor_of(a_request(forwarded=forwarded))
    assert not caplog.records


# The session


def test_identifying_a_visitor_writes_nothing() -> None:
    request = a_request()
    assert visitor_of(request).session
    assert not request.session.modified
    assert request.session.is_empty()


def test_a_remembered_visitor_is_the_same_at_the_next_request() -> None:
    first = a_request()
    visit = read_visit(first)
    remember(first, visit, "default", CONVERSATION)
    first.session.save()
    second = a_request(cookie=first.session.session_key)
    assert visitor_of(second) == visit.visitor
    remember(second, read_visit(second), "default", CONVERSATION)
    assert not second.session.modified


def test_a_visitor_without_a_cookie_is_a_new_one_each_time() -> None:
    assert visitor_of(a_request()).session != visitor_of(a_request()).session


@pytest.mark.parametrize("junk", [7, None, "", ["x"], "x" * 500])
def test_an_invalid_identity_in_a_session_is_ignored(junk: Any) -> None:
    request = a_request()
    request.session[session_data.VISITOR_KEY] = junk
    session = visitor_of(request).session
    assert session is not None
    assert len(session) == 32


# The user


def test_the_identity_of_a_user_is_opaque_and_anonymous_visitors_have_none() -> None:
    request = a_request()
    request.user = AnonymousUser()
    assert visitor_of(request).user is None
    request.user = User(pk=7)
    user = visitor_of(request).user
    assert user is not None
    assert user == visitor_of(request).user
    request.user = User(pk=8)
    assert visitor_of(request).user != user
