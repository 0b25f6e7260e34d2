"""Tests of the origins of requests. Refused requests leave no trace."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from sitechat.errors import ForbiddenOrigin
from sitechat.http.request_origins import check_origin
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, Visitor, nothing_happened

ORIGINS: list[tuple[dict[str, str], bool]] = [
    ({}, True),  # a program
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "none"}, True),
    ({"sec-fetch-site": "same-site"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": "nonsense"}, False),
    ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, False),
    ({"sec-fetch-site": "same-origin", "origin": "http://evil.example"}, True),
    ({"origin": "http://testserver"}, True),
    ({"origin": "http://TESTSERVER"}, True),
    ({"origin": "https://testserver"}, True),  # behind a proxy that speaks TLS
    ({"origin": "http://testserver.evil.example"}, False),
    ({"origin": "http://testserver:8000"}, False),
    ({"origin": "http://evil.example"}, False),
    ({"origin": "null"}, False),
    ({"origin": "http://["}, False),
    ({"origin": "https://app.example.com", "sec-fetch-site": "cross-site"}, True),
    ({"origin": "http://app.example.com", "sec-fetch-site": "cross-site"}, False),
    ({"origin": "https://eu.shop.example.org"}, True),
    ({"origin": "https://shop.example.org.evil.example"}, False),
]


@pytest.mark.parametrize(("headers", "passes"), ORIGINS, ids=str)
def test_pages_of_other_sites_are_refused(
    headers: dict[str, str], passes: bool, settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.com", "https://*.shop.example.org"]
    request = RequestFactory(headers=headers).post(CHAT)
    refused = nullcontext() if passes else pytest.raises(ForbiddenOrigin)
    with refused:
        check_origin(request)


@pytest.mark.parametrize("call", ["", f"replies/{UUID}/stop/", f"replies/{UUID}/rating/"])
@pytest.mark.parametrize("method", ["post", "delete"])
def test_every_call_that_changes_something_checks_the_origin(
    call: str, method: str, visitor: Visitor, claude_standin: Standin
) -> None:
    if method == "delete" and call:
        return
    response = getattr(visitor.client, method)(
        CHAT + call,
        b'{"message": "hello"}',
        content_type="application/json",
        headers={"sec-fetch-site": "cross-site"},
    )
    assert (response.status_code, response.json()["error"]) == (403, "forbidden_origin")
    assert nothing_happened(claude_standin)


def test_no_csrf_token_is_needed(visitor: Visitor) -> None:
    visitor.client.handler.enforce_csrf_checks = True
    assert visitor.send("hello").status_code == 200
