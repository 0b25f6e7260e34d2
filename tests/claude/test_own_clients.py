"""Tests of CHAT_CLIENT, whose result is checked and whose errors are logged."""

from __future__ import annotations

import logging
from typing import Any

import anthropic
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from sitechat.claude import breaker
from sitechat.models import Usage
from tests.visitor import Visitor
from tests.wire import Response, Wire, answer


def fails() -> anthropic.AsyncAnthropic:
    raise RuntimeError("no vault\nforged line")


def nothing() -> None:
    return None


async def coroutine() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic()


def not_async() -> anthropic.Anthropic:
    return anthropic.Anthropic()


def something_else() -> dict[str, Any]:
    return {}


def without_key() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic()


def right() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key="of-the-site")


WRONG = [
    (
        "fails",
        "CHAT_CLIENT raised RuntimeError: no vault forged line. CHAT_CLIENT names a callable",
    ),
    ("nothing", "CHAT_CLIENT returned NoneType. CHAT_CLIENT names a callable"),
    ("coroutine", "CHAT_CLIENT returned coroutine. CHAT_CLIENT names a callable"),
    ("not_async", "CHAT_CLIENT returned Anthropic. CHAT_CLIENT names a callable"),
    ("something_else", "CHAT_CLIENT returned dict. CHAT_CLIENT names a callable"),
    ("nowhere", "CHAT_CLIENT raised ImportError: Module"),
    ("without_key", "the client has no key. Set ANTHROPIC_API_KEY, or give a key to the client"),
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def upstream(
    wire_server: Wire, monkeypatch: pytest.MonkeyPatch, settings: Settings, _sdk: None
) -> Wire:
    """Return a server that is used as Claude, on a site without an API key."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    settings.ANTHROPIC_API_KEY = None
    wire_server.requests.clear()
    wire_server.answer(Response(answer()))
    return wire_server


@pytest.mark.parametrize(("name", "learnt"), WRONG)
def test_a_client_that_can_not_be_asked(
    upstream: Wire, settings: Settings, caplog: pytest.LogCaptureFixture, name: str, learnt: str
) -> None:
    caplog.set_level(logging.WARNING, "sitechat.claude")
    settings.CHAT_CLIENT = f"{__name__}.{name}"
    [error] = [event for event in Visitor().ask("Hello") if "error" in event]
    assert (error["error"], error["status"], error["retryable"]) == ("api_error", None, False)
    [line] = [record.getMessage() for record in caplog.records]
    assert learnt in line
    assert Usage.objects.get().dollars == 0
    assert upstream.requests == []
    assert breaker.circuit().open_for() == 0


@pytest.mark.parametrize("name", ["fails", "nothing", "without_key"])
def test_commands_say_it_too(
    upstream: Wire, settings: Settings, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    settings.CHAT_CLIENT = f"{__name__}.{name}"
    with pytest.raises(CommandError) as raised:
        call_command("chat_ask", "Hello")
    assert dict(WRONG)[name] in str(raised.value)
    with pytest.raises(CommandError):
        call_command("chat_doctor", "http://127.0.0.1:9/")
    assert dict(WRONG)[name].partition(".")[0] in capsys.readouterr().out


def test_the_next_message_asks_the_client_that_was_mended(
    upstream: Wire, settings: Settings
) -> None:
    settings.CHAT_CLIENT = f"{__name__}.not_async"
    visitor = Visitor()
    assert visitor.ask("Hello")[-1] == {"done": "failed"}
    settings.CHAT_CLIENT = f"{__name__}.right"
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
