"""Tests that only the origins in CHAT_ORIGINS may read the chat's responses."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.http.cors import is_origin
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, Visitor, events_of, nothing_happened, raw_chunks, reply_url

DOCS = "https://docs.example.org"
TRUSTED = "https://app.example.com"
CROSS = {"origin": DOCS, "sec-fetch-site": "same-site"}
CORS_HEADERS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials")

CALLS = [
    ("get", ""),
    ("post", ""),
    ("delete", ""),
    ("put", ""),
    ("get", f"replies/{UUID}/"),
    ("post", f"replies/{UUID}/stop/"),
    ("post", f"replies/{UUID}/rating/"),
]


@pytest.fixture(autouse=True)
def origins(settings: Settings) -> None:
    settings.CHAT_ORIGINS = [DOCS, "http://localhost:8001"]
    settings.CSRF_TRUSTED_ORIGINS = [TRUSTED]


def call(visitor: Visitor, method: str, path: str, origin: str, site: str = "same-site") -> Any:
    headers = {"origin": origin, "sec-fetch-site": site}
    body = () if method == "get" else (b"{}", "application/json")
    return getattr(visitor.client, method)(CHAT + path, *body, headers=headers)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_answer_of_every_call_may_be_read(method: str, path: str, visitor: Visitor) -> None:
    response = call(visitor, method, path, DOCS)
    assert response["Access-Control-Allow-Origin"] == DOCS
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "Retry-After" in response["Access-Control-Expose-Headers"]
    assert "Origin" in response["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://docs.example.org.evil.example",
        "https://evil.docs.example.org",
        "http://docs.example.org",
        "https://docs.example.org:8443",
        "https://DOCS.example.org",
        "https://docs.example",
        "null",
        "*",
        "",
        TRUSTED,
    ],
)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_other_origins_may_not_read_anything(
    method: str, path: str, origin: str, visitor: Visitor
) -> None:
    response = call(visitor, method, path, origin)
    for name in CORS_HEADERS:
        assert name not in response
    assert "Origin" in response["Vary"]


def test_allowed_pages_may_send_messages_and_read_streams(visitor: Visitor) -> None:
    response = visitor.post({"message": "hello"}, headers=CROSS)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == DOCS
    reply = events_of(response)[0]["reply"]
    following = visitor.client.get(reply_url(reply), headers=CROSS)
    assert following["Content-Type"] == "text/event-stream"
    assert following["Access-Control-Allow-Origin"] == DOCS
    assert b"".join(raw_chunks(following)).endswith(b"data: [DONE]\n\n")
    forgotten = visitor.client.delete(CHAT, headers=CROSS)
    assert (forgotten.status_code, forgotten["Access-Control-Allow-Origin"]) == (204, DOCS)


def test_trusted_origins_may_send_messages_but_not_read_responses(visitor: Visitor) -> None:
    headers = {"origin": TRUSTED, "sec-fetch-site": "cross-site"}
    response = visitor.post({"message": "hello"}, headers=headers)
    assert response.status_code == 200
    assert not any(name in response for name in CORS_HEADERS)


@pytest.mark.parametrize("path", ["", f"replies/{UUID}/", f"replies/{UUID}/stop/"])
def test_preflight_requests_are_allowed(
    path: str, visitor: Visitor, claude_standin: Standin
) -> None:
    asking = {
        **CROSS,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,idempotency-key,prefer",
    }
    response = visitor.client.options(CHAT + path, headers=asking)
    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == DOCS
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "POST" in response["Access-Control-Allow-Methods"]
    allowed = response["Access-Control-Allow-Headers"].lower().split(", ")
    sent_by_the_widget = {"content-type", "idempotency-key", "prefer", "last-event-id", "accept"}
    assert sent_by_the_widget <= set(allowed)
    assert "Origin" in response["Vary"]
    assert not response.cookies
    assert nothing_happened(claude_standin)


@pytest.mark.parametrize("origin", [TRUSTED, "https://evil.example", "null"])
def test_preflight_requests_of_other_origins_are_not_allowed(origin: str, visitor: Visitor) -> None:
    asking = {"origin": origin, "access-control-request-method": "POST"}
    response = visitor.client.options(CHAT, headers=asking)
    assert response.status_code == 405
    assert not any(name.startswith("Access-Control") for name in response.headers)


@pytest.mark.parametrize(
    "value",
    [
        [],
        f"{DOCS} https://docs.example",
        None,
        {DOCS: 1},
        ["*"],
        ["null"],
        ["https://*"],
        [DOCS + "/"],
    ],
    ids=str,
)
def test_an_invalid_setting_allows_nobody_to_read(
    value: Any, visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_ORIGINS = value
    for origin in (DOCS, "https://docs.example", "*", "null", f"{DOCS}/", "https://*"):
        response = call(visitor, "get", "", origin)
        assert response.status_code == 200
        assert not any(name in response for name in CORS_HEADERS)


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("https://docs.example.org", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("https://my_shop.example.org", True),
        ("https://xn--bcher-kva.example", True),
        ("https://bücher.example", False),
        ("https://docs.example.org:443", False),
        ("http://docs.example.org:80", False),
        ("https://docs.example.org:80", True),
        ("https://docs.example.org/", False),
        ("https://docs.example.org/api", False),
        ("https://Docs.example.org", False),
        ("https://user@docs.example.org", False),
        ("https://*.example.org", False),
        ("docs.example.org", False),
        ("ftp://docs.example.org", False),
        ("https://docs.example.org\n", False),
        ("https://docs..example.org", False),
        ("https://", False),
        ("*", False),
        ("null", False),
        (None, False),
        (1, False),
    ],
)
def test_only_origins_in_the_form_that_browsers_send_are_valid(value: object, valid: bool) -> None:
    assert is_origin(value) is valid
