"""Tests that refusals of Claude are explained to the owner, and visitors only get a code."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sitechat import Chatbot
from sitechat.models import Conversation, Message
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor

REFUSALS = [
    (
        401,
        None,
        "invalid x-api-key",
        "401 authentication_error: invalid x-api-key. Check ANTHROPIC",
    ),
    (
        403,
        None,
        "no such feature",
        "403 permission_error: no such feature. The key lacks the permission",
    ),
    (
        404,
        None,
        "model: claude-x",
        '404 not_found_error: model: claude-x. There is no model "claude',
    ),
    (
        400,
        None,
        "Your credit balance is too low",
        "400 invalid_request_error: Your credit balance is too low. Add credit",
    ),
    (402, None, "pay", "402 billing_error: pay. Add credit"),
    (413, None, "too large", "413 request_too_large: too large. The request is too large: lower"),
    (429, None, "slow down", "429 rate_limit_error: slow down. The account's limits are reached"),
    (529, None, "Overloaded", "529 overloaded_error: Overloaded. Claude is overloaded"),
]

pytestmark = pytest.mark.usefixtures("quick_retries")


@pytest.mark.parametrize(("status", "kind", "message", "learnt"), REFUSALS)
def test_the_log_and_the_transcript(
    visitor: Visitor,
    owner: Client,
    claude_standin: Standin,
    caplog: pytest.LogCaptureFixture,
    status: int,
    kind: str | None,
    message: str,
    learnt: str,
) -> None:
    caplog.set_level(logging.WARNING, "sitechat.claude")
    claude_standin.always(Answer(status=status, error_type=kind, message=message))
    events = visitor.ask("Where is my purple umbrella?")
    reply = Message.objects.get(role="assistant")
    shown = [
        json.dumps(events),
        json.dumps(visitor.history()),
        json.dumps(visitor.poll(events[0]["reply"])),
        json.dumps(visitor.follow(events[0]["reply"])),
    ]
    assert not any(message in each or "_error" in each.replace("api_error", "") for each in shown)
    [line] = [each for each in caplog.records if each.name == "sitechat.claude"]
    assert learnt in line.getMessage()
    assert "umbrella" not in caplog.text
    url = f"/admin/sitechat/conversation/{Conversation.objects.get().pk}/change/"
    page = owner.get(url).content.decode()
    assert learnt.replace('"', "&quot;").replace("'", "&#x27;") in page
    assert reply.failure is not None
    assert reply.failure["status"] == status


class Hasty(Chatbot):
    timeout = 2.0


@pytest.mark.parametrize(
    ("answer", "learnt"),
    [
        (
            Answer("", stop_reason="max_tokens"),
            "200: Claude ended without any text (stop reason: max_tokens). If it happens often",
        ),
        (Answer("One", end="hang"), "Claude sent nothing for more than 2 s. A model that"),
    ],
)
def test_the_log_and_the_transcript_of_what_is_no_refusal(
    visitor: Visitor,
    owner: Client,
    claude_standin: Standin,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
    answer: Answer,
    learnt: str,
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Hasty"}
    claude_standin.script(answer)
    [error] = [event for event in visitor.ask("Where?") if "error" in event]
    [line] = [each for each in caplog.records if each.name == "sitechat.claude"]
    assert learnt in line.getMessage()
    assert f"ref {error['ref']}" in line.getMessage()
    url = f"/admin/sitechat/conversation/{Conversation.objects.get().pk}/change/"
    assert learnt.partition(".")[0] in owner.get(url).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "kind", "message", "learnt"), REFUSALS)
def test_chat_ask(
    claude_standin: Standin, status: int, kind: str | None, message: str, learnt: str
) -> None:
    claude_standin.always(Answer(status=status, error_type=kind, message=message))
    with pytest.raises(CommandError) as raised:
        call_command("chat_ask", "When?")
    assert learnt in str(raised.value)


@pytest.mark.django_db(transaction=True)
def test_chat_doctor(
    live_server: LiveServer, claude_standin: Standin, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_standin.always(Answer(status=401, message="invalid x-api-key"))
    with pytest.raises(CommandError):
        call_command("chat_doctor", url=f"{live_server.url}/api/", streams=0)
    assert "401 authentication_error: invalid x-api-key. Check ANTHROPIC" in capsys.readouterr().out


@pytest.mark.parametrize(
    "stored", [None, {}, [], "x", {"status": "x", "type": 5}, {"reason": "\x1b<b>"}]
)
def test_a_failure_of_any_shape_is_shown(
    visitor: Visitor, owner: Client, claude_standin: Standin, stored: Any
) -> None:
    visitor.ask("Hello")
    Message.objects.filter(role="assistant").update(failure=stored)
    url = f"/admin/sitechat/conversation/{Conversation.objects.get().pk}/change/"
    page = owner.get(url).content.decode()
    assert "<b>" not in page
    assert "\x1b" not in page
