"""Tests of the doctor's examination of the API key and the models."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

import sitechat
from sitechat.models import Usage
from sitechat.reports.doctor import Finding, claude_models
from sitechat.standin import Answer, Standin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_sdk")]

KEY = "Claude accepts the key"
MODEL = "The model of the bot 'default'"


class NamedBot(sitechat.Chatbot):
    model = "claude-haiku-5-5"
    max_tokens = 200_000


def examine(bot: str = "") -> dict[str, Finding]:
    return {each.point: each for each in claude_models.examine(bot)}


def client_without_models() -> Any:
    """Return a client of a server that only supports messages."""
    import anthropic

    class Client(anthropic.AsyncAnthropic):
        @property
        def models(self) -> Any:
            raise NotImplementedError

    return Client()


def test_one_cheap_call_and_the_models(claude_standin: Standin) -> None:
    claude_standin.script("yes")
    found = examine()
    assert list(found) == [KEY, MODEL]
    assert all(each.passed for each in found.values()), found
    assert "claude-opus-4-7 answered" in found[KEY].seen
    assert "128000 tokens out" in found[MODEL].seen
    (usage,) = Usage.objects.all()
    assert usage.command == "chat_doctor"
    assert usage.dollars < 0.001
    (call,) = [record for record in claude_standin.requests if record.path == "/v1/messages"]
    assert call.body["max_tokens"] == claude_models.TOKENS


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500])
def test_a_refusal_is_reported_with_its_status(claude_standin: Standin, status: int) -> None:
    claude_standin.always(Answer(status=status))
    found = examine()
    assert found[KEY].passed is False
    assert f"claude-opus-4-7: {status} " in found[KEY].seen
    assert found[KEY].advice
    assert found[MODEL].passed is True


def test_an_unknown_bot_is_not_replaced_by_another(claude_standin: Standin) -> None:
    found = examine("sale")
    assert list(found) == [KEY]
    assert found[KEY].passed is None
    assert found[KEY].seen == "There is no bot 'sale' in CHAT_BOTS, only: default."
    assert not claude_standin.requests


def test_without_a_key(no_key: None) -> None:
    found = examine()
    assert list(found) == [KEY]
    assert found[KEY].passed is None


def test_a_model_that_does_not_exist(claude_standin: Standin, settings: Settings) -> None:
    settings.CHAT_MODEL = "claude-opus-4.7"
    found = examine()
    assert found[KEY].passed is False
    assert found[MODEL].passed is False
    assert "Did you mean claude-opus-4-7?" in found[MODEL].advice


def test_another_name_of_a_model_is_looked_up(claude_standin: Standin, settings: Settings) -> None:
    settings.CHAT_MODEL = "claude-haiku-4-5-20251001"
    assert examine()[MODEL].passed is True


def test_every_bot_s_model_is_looked_up_and_the_named_one_is_asked(
    claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {
        "default": "sitechat.Chatbot",
        "named": "tests.reports.doctor.test_claude_models.NamedBot",
        "broken": "nowhere.Bot",
    }
    found = examine("named")
    assert "claude-haiku-5-5 answered" in found[KEY].seen
    assert found[MODEL].passed is True
    named = found["The model of the bot 'named'"]
    assert named.passed is False
    assert "200000 tokens are too long" in named.seen
    assert "CHAT_MAX_TOKENS" in named.advice


def test_a_server_that_does_not_list_its_models(
    claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_CLIENT = "tests.reports.doctor.test_claude_models.client_without_models"
    found = examine()
    assert found[KEY].passed is True
    assert found["The models exist"].passed is None


def test_a_database_that_is_not_there_takes_nothing_from_the_examination(
    claude_standin: Standin, unmigrated: None
) -> None:
    found = examine()
    assert found[KEY].passed is True
    assert "answered" in found[KEY].seen


FALLBACK = "The fallback model of the bot 'default'"


class OpusBot(sitechat.Chatbot):
    model = "claude-opus-5-5"
    fallback_model = "claude-opus-4-8"
    cache_lifetime = "1h"


class HaikuBot(sitechat.Chatbot):
    model = "claude-haiku-5-5"
    fallback_model = "claude-sonnet-5"


class MisspelledBot(sitechat.Chatbot):
    fallback_model = "claude-sonnet-55"


@pytest.mark.parametrize(
    ("bot", "passed", "seen"),
    [
        ("OpusBot", True, "the API hands over to claude-opus-4-8"),
        ("HaikuBot", True, "the chat itself asks claude-sonnet-5"),
        ("MisspelledBot", False, "claude-sonnet-55 is not among"),
    ],
)
def test_a_fallback_model(
    claude_standin: Standin, settings: Settings, bot: str, passed: bool, seen: str
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.{bot}"}
    found = examine()
    assert found[FALLBACK].passed is passed
    assert seen in found[FALLBACK].seen
    [asked] = [record for record in claude_standin.requests if record.path == "/v1/messages"]
    lifetime = asked.body["system"][0]["cache_control"].get("ttl")
    assert lifetime == ("1h" if bot == "OpusBot" else None)


def test_a_server_that_refuses_fallbacks(claude_standin: Standin, settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.OpusBot"}
    claude_standin.script(Answer(status=400, message="unknown beta"), "yes")
    found = examine()
    assert found[KEY].passed is True
    assert found[FALLBACK].seen.startswith("the server refuses `fallbacks`")
    assert found[FALLBACK].seen.endswith("the chat itself asks claude-opus-4-8")
