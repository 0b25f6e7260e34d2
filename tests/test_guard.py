"""Who may speak, and what a message must look like; whatever is refused leaves no trace."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

import sitechat
from sitechat import guard
from sitechat.errors import ForbiddenOrigin, InvalidRequest
from sitechat.models import Conversation, Counter, Message, Usage
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, Visitor

SURROGATE = "\ud83d"


def nothing_happened(standin: Standin) -> bool:
    """No request to Claude, no row, no session."""
    tables = (Conversation, Message, Usage, Counter, Session)
    return not standin.requests and not any(table.objects.exists() for table in tables)


def nested(depth: int) -> bytes:
    return b'{"message": ' + b"[" * depth + b"]" * depth + b"}"


# Messages that are none

BAD: dict[str, tuple[Any, int, str]] = {
    "not JSON": (b"message=hello", 400, "invalid_request"),
    "half of a JSON": (b'{"message": "hel', 400, "invalid_request"),
    "invalid UTF-8": (b'{"message": "\xff\xfe"}', 400, "invalid_request"),
    "UTF-16": ('{"message": "hello"}'.encode("utf-16"), 400, "invalid_request"),
    "a list": ([], 400, "invalid_request"),
    "null": (None, 400, "invalid_request"),
    "a string": ("hello", 400, "invalid_request"),
    "a number": (5, 400, "invalid_request"),
    "no message": ({}, 400, "invalid_request"),
    "a message that is a number": ({"message": 5}, 400, "invalid_request"),
    "a message that is null": ({"message": None}, 400, "invalid_request"),
    "a message that is a list": ({"message": ["hello"]}, 400, "invalid_request"),
    "a message that is true": ({"message": True}, 400, "invalid_request"),
    "NaN": (b'{"message": NaN}', 400, "invalid_request"),
    "infinity": (b'{"message": "a", "page": {"url": -Infinity}}', 400, "invalid_request"),
    "a huge number": (b'{"message": 1' + b"0" * 5000 + b"}", 400, "invalid_request"),
    "deep nesting": (nested(10_000), 400, "invalid_request"),
    "an empty message": ({"message": ""}, 400, "empty_message"),
    "a blank message": ({"message": " \n\t\u00a0\u2003"}, 400, "empty_message"),
    "an invisible message": ({"message": " \u200b\u2060\ufeff"}, 400, "empty_message"),
    "2,001 characters": ({"message": "x" * 2001}, 400, "message_too_long"),
    "2,001 emoji": ({"message": "🦊" * 2001}, 400, "message_too_long"),
    "10 MB": (b'{"message": "' + b"x" * 10_000_000 + b'"}', 400, "message_too_long"),
    "10 MB of spaces": (b" " * 10_000_000, 400, "message_too_long"),
    "NUL": ({"message": "a\x00b"}, 400, "invalid_request"),
    "half of a surrogate pair": ({"message": f"a{SURROGATE}b"}, 400, "invalid_request"),
    "a key too many": ({"message": "hello", "model": "claude-x"}, 400, "invalid_request"),
    "a history": ({"message": "hello", "messages": []}, 400, "invalid_request"),
    "a surrogate for a key": ({"message": "hello", SURROGATE: 1}, 400, "invalid_request"),
    "an id that is no uuid": ({"message": "hello", "id": "abc"}, 400, "invalid_request"),
    "an id that is a number": ({"message": "hello", "id": 7}, 400, "invalid_request"),
    "an id without hyphens": (
        {"message": "hello", "id": UUID.replace("-", "")},
        400,
        "invalid_request",
    ),
    "a page that is a string": ({"message": "hello", "page": "/"}, 400, "invalid_request"),
    "a page with more": ({"message": "hello", "page": {"html": ""}}, 400, "invalid_request"),
    "a url that is a number": ({"message": "hello", "page": {"url": 1}}, 400, "invalid_request"),
    "NUL in a title": ({"message": "hello", "page": {"title": "\x00"}}, 400, "invalid_request"),
    "half a pair in a url": (
        {"message": "hello", "page": {"url": SURROGATE}},
        400,
        "invalid_request",
    ),
    "an unknown bot": ({"message": "hello", "bot": "nobody"}, 400, "invalid_request"),
    "a bot that is a list": ({"message": "hello", "bot": ["default"]}, 400, "invalid_request"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD.values(), ids=BAD.keys())
def test_what_is_no_message_is_refused_without_a_trace(
    body: Any, status: int, code: str, visitor: Visitor, claude_standin: Standin
) -> None:
    response = visitor.post(body)
    data = response.json()
    assert (response.status_code, data["error"]) == (status, code)
    assert isinstance(data["message"], str)
    assert data["message"]
    assert data["retryable"] is False
    assert "sessionid" not in response.cookies
    assert nothing_happened(claude_standin)


def test_an_empty_body_is_no_message(visitor: Visitor) -> None:
    response = visitor.client.generic("POST", CHAT, b"", CONTENT_TYPE="application/json")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_the_limit_is_named(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_MAX_MESSAGE_LENGTH = 5
    assert visitor.send("123456").json()["limit"] == 5
    assert visitor.send("12345").status_code == 200


@pytest.mark.parametrize("text", ["x" * 2000, "🦊" * 2000, '"' * 2000, " " + "é" * 2000 + "\n"])
def test_the_longest_message_fits_however_it_is_written(
    text: str, visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.always("Hi")
    body = json.dumps({"message": text}, ensure_ascii=True)
    assert visitor.post(body.encode()).status_code == 200
    assert visitor.texts()[0] == text.strip()


def test_unknown_keys_are_named_with_the_known_ones(visitor: Visitor) -> None:
    message = visitor.post({"message": "hello", "max_tokens": 9}).json()["message"]
    assert "max_tokens" in message
    assert "bot, id, message, page" in message


def test_an_unknown_bot_is_told_the_known_ones(visitor: Visitor) -> None:
    assert "default" in visitor.send("hello", bot="x").json()["message"]


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_unknown_bot_is_refused_everywhere(method: str, visitor: Visitor) -> None:
    response = getattr(visitor.client, method)(f"{CHAT}?bot=nobody")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ],
)
def test_only_json_is_read_as_no_form_can_send_it(
    kind: str, visitor: Visitor, claude_standin: Standin
) -> None:
    response = visitor.client.post(CHAT, b'{"message": "hello"}', content_type=kind)
    assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type")
    assert nothing_happened(claude_standin)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_by_any_of_its_names(kind: str, visitor: Visitor) -> None:
    response = visitor.client.post(CHAT, b'{"message": "hello"}', content_type=kind)
    assert response.status_code == 200


def test_a_length_that_is_no_number_is_not_believed() -> None:
    request = RequestFactory().post(CHAT, b"{}", content_type="application/json")
    request.META["CONTENT_LENGTH"] = "many"
    for read in (guard.read_json, guard.read_stop):
        with pytest.raises(InvalidRequest):
            read(request)


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
def test_other_sites_pages_may_not_speak(
    headers: dict[str, str], passes: bool, settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.com", "https://*.shop.example.org"]
    request = RequestFactory(headers=headers).post(CHAT)
    refused = nullcontext() if passes else pytest.raises(ForbiddenOrigin)
    with refused:
        guard.check_source(request)


@pytest.mark.parametrize("call", ["", f"replies/{UUID}/stop/", f"replies/{UUID}/rating/"])
@pytest.mark.parametrize("method", ["post", "delete"])
def test_every_call_that_changes_something_is_guarded(
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


def test_a_bot_chooses_its_visitors(
    visitor: Visitor, claude_standin: Standin, settings: Settings, admin_user: Any
) -> None:
    settings.CHAT_BOTS = {"members": "tests.test_guard.Members"}
    response = visitor.send("hello", bot="members")
    assert (response.status_code, response.json()["error"]) == (403, "not_allowed")
    assert nothing_happened(claude_standin)
    visitor.client.force_login(admin_user)
    assert visitor.send("hello", bot="members").status_code == 200


def test_an_error_of_the_sites_own_code_is_told_without_its_text(
    visitor: Visitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_BOTS = {"default": "tests.test_guard.Broken"}
    visitor.client.raise_request_exception = False
    response = visitor.send("hello")
    data = response.json()
    assert (response.status_code, data["error"]) == (500, "server_error")
    assert "secret" not in response.content.decode()
    assert data["ref"] in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("bots", [{"default": "sitechat.Chatbot"}, {"only": "sitechat.Chatbot"}])
def test_who_names_no_bot_gets_the_default_or_the_only_one(
    bots: dict[str, str], settings: Settings
) -> None:
    settings.CHAT_BOTS = bots
    assert [guard.find_bot(None).name] == list(bots)


# No key


def test_without_a_key_visitors_are_told_and_the_site_goes_on(
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


# Numbers


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "٣", "1e3", "9" * 30, "²"])
def test_an_offset_is_a_number_of_characters(after: str) -> None:
    for request in (
        RequestFactory().get("/", {"after": after}),
        RequestFactory().get("/", headers={"Last-Event-ID": after.encode().decode("latin-1")}),
    ):
        with pytest.raises(InvalidRequest):
            guard.read_after(request)


def test_the_address_says_the_offset_before_the_header_does() -> None:
    headers = {"Last-Event-ID": "7"}
    factory = RequestFactory()
    assert guard.read_after(factory.get("/")) == 0
    assert guard.read_after(factory.get("/", headers=headers)) == 7
    assert guard.read_after(factory.get("/", {"after": "3"}, headers=headers)) == 3
