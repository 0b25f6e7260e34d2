"""Tests of valid and invalid requests. Invalid requests leave no trace."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from pytest_django import Settings

from sitechat.chatbot import find_bot
from sitechat.errors import InvalidRequest
from sitechat.http import request_parsing
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, Visitor, nothing_happened

SURROGATE = "\ud83d"


def nested(depth: int) -> bytes:
    return b'{"message": ' + b"[" * depth + b"]" * depth + b"}"


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
    **{
        f"an id with {kind}": (
            {"message": "hello", "id": given + UUID[len(given) :]},
            400,
            "invalid_request",
        )
        for kind, given in {
            "a prefix": "0x",
            "an underscore": "1_",
            "a blank": " ",
            "a sign": "+",
            "another digit": "\u0660",
        }.items()
    },
    "an id that is a number": ({"message": "hello", "id": 7}, 400, "invalid_request"),
    "an id without hyphens": (
        {"message": "hello", "id": UUID.replace("-", "")},
        400,
        "invalid_request",
    ),
    "a page that is a string": ({"message": "hello", "page": "/"}, 400, "invalid_request"),
    "a page with more": ({"message": "hello", "page": {"html": ""}}, 400, "invalid_request"),
    "a url that is a number": ({"message": "hello", "page": {"url": 1}}, 400, "invalid_request"),
    "an unknown bot": ({"message": "hello", "bot": "nobody"}, 400, "invalid_request"),
    "a bot that is a list": ({"message": "hello", "bot": ["default"]}, 400, "invalid_request"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD.values(), ids=BAD.keys())
def test_invalid_messages_are_refused_without_a_trace(
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


@pytest.mark.parametrize("broken", [SURROGATE, "\x00", f"{SURROGATE}\x00", "\udc00\ud800"])
def test_characters_in_the_page_are_replaced_and_never_refused(
    broken: str, visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.always("Hi")
    page = {"url": f"/a{broken}b", "title": f"A title{broken}"}
    events = visitor.ask("hello", page=page)
    assert events[-1] == {"done": "complete"}
    [request] = claude_standin.requests
    shown = json.dumps(request.body["messages"], ensure_ascii=False)
    assert f"/a{len(broken) * chr(0xFFFD)}b" in shown
    assert f"A title{len(broken) * chr(0xFFFD)}" in shown


def test_an_empty_body_is_no_message(visitor: Visitor) -> None:
    response = visitor.client.generic("POST", CHAT, b"", CONTENT_TYPE="application/json")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_the_error_names_the_limit(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_MAX_MESSAGE_LENGTH = 5
    assert visitor.send("123456").json()["limit"] == 5
    assert visitor.send("12345").status_code == 200


@pytest.mark.parametrize("text", ["x" * 2000, "🦊" * 2000, '"' * 2000, " " + "é" * 2000 + "\n"])
def test_the_longest_message_is_accepted_however_it_is_encoded(
    text: str, visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.always("Hi")
    body = json.dumps({"message": text}, ensure_ascii=True)
    assert visitor.post(body.encode()).status_code == 200
    assert visitor.texts()[0] == text.strip()


def test_the_error_names_unknown_keys_and_valid_ones(visitor: Visitor) -> None:
    message = visitor.post({"message": "hello", "max_tokens": 9}).json()["message"]
    assert "max_tokens" in message
    assert "bot, conversation, id, message, page, replaces" in message


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
def test_other_types_than_json_are_refused_because_forms_can_send_them(
    kind: str, visitor: Visitor, claude_standin: Standin
) -> None:
    response = visitor.client.post(CHAT, b'{"message": "hello"}', content_type=kind)
    assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type")
    assert nothing_happened(claude_standin)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_variants_of_the_json_content_type_are_accepted(kind: str, visitor: Visitor) -> None:
    response = visitor.client.post(CHAT, b'{"message": "hello"}', content_type=kind)
    assert response.status_code == 200


def test_an_invalid_content_length_is_refused() -> None:
    request = RequestFactory().post(CHAT, b"{}", content_type="application/json")
    request.META["CONTENT_LENGTH"] = "many"
    for read in (request_parsing.read_json, request_parsing.read_stop):
        with pytest.raises(InvalidRequest):
            read(request)


@pytest.mark.parametrize("bots", [{"default": "sitechat.Chatbot"}, {"only": "sitechat.Chatbot"}])
def test_without_a_name_the_default_or_first_bot_is_used(
    bots: dict[str, str], settings: Settings
) -> None:
    settings.CHAT_BOTS = bots
    assert [find_bot(None).name] == list(bots)


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "٣", "1e3", "9" * 30, "²"])
def test_an_offset_is_a_number_of_characters(after: str) -> None:
    for request in (
        RequestFactory().get("/", {"after": after}),
        RequestFactory().get("/", headers={"Last-Event-ID": after.encode().decode("latin-1")}),
    ):
        with pytest.raises(InvalidRequest):
            request_parsing.read_after(request)


def test_the_greater_of_two_offsets_is_used() -> None:
    headers = {"Last-Event-ID": "7"}
    factory = RequestFactory()
    assert request_parsing.read_after(factory.get("/")) == 0
    assert request_parsing.read_after(factory.get("/"), default=5) == 5
    assert request_parsing.read_after(factory.get("/", {"after": "0"}), default=5) == 0
    assert request_parsing.read_after(factory.get("/", headers=headers)) == 7
    assert request_parsing.read_after(factory.get("/", {"after": "3"}, headers=headers)) == 7
    assert request_parsing.read_after(factory.get("/", {"after": "9"}, headers=headers)) == 9


@pytest.mark.parametrize("bot", ["none", "intern", "interna", "", "default "])
def test_an_unknown_bot_is_refused_without_naming_the_others(
    bot: str, visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "internal": "sitechat.Chatbot"}
    responses = [
        visitor.send("hello", bot=bot),
        visitor.client.get(CHAT, {"bot": bot}),
        visitor.client.delete(f"{CHAT}?{urlencode({'bot': bot})}"),
    ]
    for response in responses:
        assert response.status_code == 400
        assert response.json()["message"] == '"bot" names no bot of this site.'


def chunked(body: bytes, *, is_decoded: bool = True) -> WSGIRequest:
    """Return a request with a chunked body, which has no Content-Length."""
    environ = RequestFactory().post(CHAT, content_type="application/json").environ
    environ = {name: value for name, value in environ.items() if name != "CONTENT_LENGTH"}
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    environ["wsgi.input_terminated"] = is_decoded
    return WSGIRequest({**environ, "wsgi.input": io.BytesIO(body)})


def test_a_chunked_body_is_read_if_the_server_decodes_it() -> None:
    body = b'{"message": "Hello"}'
    assert request_parsing.read_message(chunked(body)).text == "Hello"
    with pytest.raises(InvalidRequest):
        request_parsing.read_message(chunked(body, is_decoded=False))


def test_a_long_chunked_body_is_not_read_to_its_end() -> None:
    request = chunked(b"x" * 1000)
    with pytest.raises(request_parsing.BodyTooLong):
        request_parsing.read_body(request, 10)
    assert len(request.environ["wsgi.input"].read()) == 989
