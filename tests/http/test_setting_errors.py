"""Tests of settings that are not valid: visitors get answers, and the log has one clear line."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.checks import run
from sitechat.people.contact_form import current_form

pytestmark = pytest.mark.django_db


class Broken(Chatbot):
    def allowed(self, request: HttpRequest) -> bool:
        raise ZeroDivisionError


OPEN = "Mo-Fr 09:00-17:00"
INVALID: list[tuple[str, Any]] = [
    *(("CHAT_PERSON", value) for value in (5, "Ann", ["Ann"], True, {"names": 5})),
    *(("CHAT_PERSON", {"idle_minutes": value}) for value in (None, "x", 1e300, float("nan"))),
    *(("CHAT_PERSON", {"hours": value}) for value in (5, "Never", ["Mo", 5])),
    *(("CHAT_PERSON", {"hours": OPEN, "timezone": zone}) for zone in ("Nowhere", 5)),
    *(("CHAT_CONTACT", value) for value in (5, "email", ["email"], True)),
    *(("CHAT_CONTACT", {"fields": value}) for value in (None, 5, True)),
    *(("CHAT_CONTACT", {"required": value}) for value in (None, 5, True)),
]


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_visitors_get_answers_and_the_log_one_line(
    name: str, value: Any, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    setattr(settings, name, value)
    for _request in range(3):
        response = client.get("/api/chat/")
        assert response.status_code == 200, response.content
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert f"{name} is not valid" in errors[0].getMessage()
    assert "manage.py check" in errors[0].getMessage()
    assert not errors[0].exc_info
    assert any(name in message.msg for message in run())


FAILING: dict[str, list[Any]] = {
    "CHAT_BOTS": [None, 5, {"default": "nowhere.Bot"}, ["default"]],
    "CHAT_LIMITS": [None, [], {"session": ["20 mesages/hour"]}],
    "CHAT_LEDGER": [None, "nowhere.Ledger"],
    "CHAT_MAX_MESSAGE_LENGTH": [None, "x"],
    "CHAT_MAX_HISTORY": [["x"], {}],
    "CHAT_MAX_STREAMS": ["x"],
    "CHAT_CLIENT": [["x"]],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in FAILING.items() for value in values]
)
def test_a_chat_that_can_not_work_is_not_set_up(
    name: str, value: Any, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ANTHROPIC_API_KEY = "sk-test"
    setattr(settings, name, value)
    for _message in range(2):
        refused = client.post("/api/chat/", {"message": "Hello"}, "application/json")
        assert (refused.status_code, refused.json()["error"]) == (503, "not_configured")
    assert refused.json()["ref"] in caplog.text
    assert "`manage.py check` reports sitechat.E0" in caplog.text


def test_the_conversation_too(client: Client, settings: Settings) -> None:
    settings.CHAT_WIDGET = ["x"]
    refused = client.get("/api/chat/")
    assert (refused.status_code, refused.json()["error"]) == (503, "not_configured")


def test_an_error_of_the_code_is_none_of_the_settings(client: Client, settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Broken"}
    client.raise_request_exception = False
    failed = client.post("/api/chat/", {"message": "Hello"}, "application/json")
    assert (failed.status_code, failed.json()["error"]) == (500, "server_error")


def test_an_entry_that_gets_nothing_is_logged_once_without_its_secret(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    settings.CHAT_WEBHOOKS = [{"url": "https://example.org/", "secrets": "not to be logged"}]
    for name in ("a", "b"):
        body = {"email": f"{name}@example.org"}
        assert client.post("/api/chat/contact/", body, "application/json").status_code == 201
    [error] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "CHAT_WEBHOOKS is not valid" in error.getMessage()
    assert "not to be logged" not in caplog.text


def test_events_that_are_not_names_are_reported(settings: Settings) -> None:
    settings.CHAT_WEBHOOKS = [{"url": "https://a/", "secret": "x" * 32, "events": [["x"], {}]}]
    assert [message.id for message in run()].count("sitechat.E031") == 2


def test_a_text_that_is_not_set_is_no_text(client: Client, settings: Settings) -> None:
    settings.CHAT_CONSENT = None
    settings.CHAT_CONTACT = {"consent": None}
    form = current_form()
    assert form is not None
    assert form.consent == ""
    assert "None" not in client.get("/api/chat/").content.decode()
