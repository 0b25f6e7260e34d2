"""Tests of the admission of requests. Refused requests leave no trace."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

import sitechat
from sitechat.errors import ForbiddenOrigin
from sitechat.http import admission
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, Visitor, nothing_happened

# Where it comes from

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
        admission.check_source(request)


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


# The owner's word


class Members(sitechat.Chatbot):
    def allowed(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated


class Broken(sitechat.Chatbot):
    def allowed(self, request: HttpRequest) -> bool:
        raise RuntimeError("secret detail")


def test_a_bot_can_refuse_visitors(
    visitor: Visitor, claude_standin: Standin, settings: Settings, admin_user: Any
) -> None:
    settings.CHAT_BOTS = {"members": "tests.http.test_admission.Members"}
    response = visitor.send("hello", bot="members")
    assert (response.status_code, response.json()["error"]) == (403, "not_allowed")
    assert nothing_happened(claude_standin)
    visitor.client.force_login(admin_user)
    assert visitor.send("hello", bot="members").status_code == 200


def test_an_exception_of_the_sites_code_is_not_shown_to_visitors(
    visitor: Visitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_BOTS = {"default": "tests.http.test_admission.Broken"}
    visitor.client.raise_request_exception = False
    response = visitor.send("hello")
    data = response.json()
    assert (response.status_code, data["error"]) == (500, "server_error")
    assert "secret" not in response.content.decode()
    assert data["ref"] in caplog.text
    assert "secret detail" in caplog.text


# No key


def test_without_a_key_visitors_get_an_error_and_other_pages_work(
    visitor: Visitor, settings: Settings, monkeypatch: pytest.MonkeyPatch, claude_standin: Standin
) -> None:
    settings.ANTHROPIC_API_KEY = None
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    response = visitor.send("hello")
    assert (response.status_code, response.json()["error"]) == (503, "not_configured")
    assert nothing_happened(claude_standin)
    assert visitor.history()["messages"] == []
    assert visitor.client.get("/").content == b"a page of the site"
