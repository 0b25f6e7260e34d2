"""Tests of the admission of messages. Refused ones leave no trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from pytest_django import Settings

import sitechat
from sitechat.standin import Standin
from tests.visitor import Visitor, nothing_happened

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
