"""Tests of the command `chat_doctor`."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from sitechat.models import Conversation, Usage
from sitechat.reports.doctor import DeployedSite, examine
from sitechat.standin import Answer, Standin
from tests.reports.doctor.fake import Start

Capture = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("no_key")
def test_each_point_is_a_line_and_a_wrong_one_fails(fake: Start, capsys: Capture) -> None:
    call_command("chat_doctor", fake().address, streams=0)
    assert capsys.readouterr().out.count("right  ") == 12
    call_command("chat_doctor", url=f"http://{fake().address}/api/", streams=0)
    assert capsys.readouterr().out.count("right  ") == 12
    with pytest.raises(CommandError, match="1 of these points is wrong"):
        call_command("chat_doctor", fake("rewritten").address, streams=0)
    assert "WRONG  Headers of a stream" in capsys.readouterr().out


@pytest.mark.usefixtures("no_key")
def test_a_bot_can_be_named(fake: Start, settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    server = fake("names a bot")
    call_command("chat_doctor", server.address, streams=0, bot="sales")
    assert any(path.startswith("/api/chat/?bot=sales") for _method, path in server.requests)


@pytest.mark.parametrize(
    ("arguments", "options", "problem"),
    [
        ([], {}, "Name the site"),
        (["ftp://example.org"], {}, "is not the address"),
        (["example.org"], {"streams": -1}, "0 or more"),
        (["example.org"], {"bot": "sale"}, "no bot 'sale' in CHAT_BOTS, only: default, sales"),
    ],
)
def test_what_can_not_be_examined(
    settings: Settings, arguments: list[str], options: dict[str, Any], problem: str
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    with pytest.raises(CommandError, match=problem):
        call_command("chat_doctor", *arguments, **options)


@pytest.mark.servers
def test_the_chat_itself_is_right_and_nothing_but_usage_stays(
    live_server: Any, claude_standin: Standin, settings: Settings
) -> None:
    claude_standin.always(Answer("One. Two. Three.", delay=0.2))
    settings.MIDDLEWARE = ["sitechat.middleware.ChatMiddleware", *settings.MIDDLEWARE]
    found = {
        each.point: each for each in examine(DeployedSite(f"{live_server.url}/page/"), streams=0)
    }
    assert all(each.passed for each in found.values()), found
    assert len(found) == 15
    assert not Conversation.objects.exists()
    assert {usage.command for usage in Usage.objects.all()} == {"chat_doctor"}
