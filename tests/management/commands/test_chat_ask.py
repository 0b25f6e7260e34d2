"""Tests of `chat_ask`, which asks a bot from the terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

import sitechat
from sitechat.models import Conversation, Usage
from sitechat.standin import Answer, Standin

pytestmark = pytest.mark.django_db


class BriefBot(sitechat.Chatbot):
    def system_prompt(self, request: Any) -> str:
        return "Be brief."


@pytest.fixture
def bots(settings: Settings) -> None:
    settings.CHAT_BOTS = {
        "default": "sitechat.Chatbot",
        "brief": "tests.management.commands.test_chat_ask.BriefBot",
    }


def test_an_answer_goes_to_the_terminal_and_only_its_usage_is_kept(
    claude_standin: Standin, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_standin.script("We are open.")
    call_command("chat_ask", "When?")
    assert capsys.readouterr().out == "We are open.\n"
    assert not Conversation.objects.exists()
    usage = Usage.objects.get()
    assert usage.conversation is None
    assert usage.dollars > 0


def test_the_bot_and_the_page_can_be_chosen(claude_standin: Standin, bots: None) -> None:
    call_command("chat_ask", "When?", bot="brief", page="/contact/")
    body = claude_standin.requests[0].body
    assert body["system"][0]["text"] == "Be brief."
    assert "/contact/" in json.dumps(body["messages"])


def test_the_prompt_is_shown_and_nothing_is_asked(
    claude_standin: Standin, capsys: pytest.CaptureFixture[str], bots: None
) -> None:
    call_command("chat_ask", "When?", bot="brief", show_prompt=True)
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert shown["system"][0]["text"] == "Be brief."
    assert "When?" in json.dumps(shown["messages"])
    assert "At most" in err
    assert "$" in err
    assert claude_standin.requests == []
    assert not Usage.objects.exists()


def test_what_a_model_writes_does_not_steer_the_terminal(
    claude_standin: Standin, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_standin.script("\x1b]0;title\x07 \x9b31m")
    call_command("chat_ask", "When?")
    assert capsys.readouterr().out == "⟨U+001B⟩]0;title⟨U+0007⟩ ⟨U+009B⟩31m\n"


@pytest.mark.parametrize(
    ("question", "options", "problem"),
    [
        (" ", {}, "The message is empty"),
        ("x" * 2001, {}, "too long"),
        ("When?", {"bot": "none"}, "no bot 'none' in CHAT_BOTS, only: default"),
    ],
)
def test_a_question_that_can_not_be_asked(
    claude_standin: Standin, question: str, options: dict[str, str], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command("chat_ask", question, **options)


def test_what_is_being_done_is_reported_apart_from_the_answer(
    claude_standin: Standin, capsys: pytest.CaptureFixture[str]
) -> None:
    search = {"name": "search_site", "input": {"query": "hours"}}
    claude_standin.script(Answer(tool_use=[search]), "We are open.")
    call_command("chat_ask", "When?")
    out, err = capsys.readouterr()
    assert out == "We are open.\n"
    progress = ["Searching the site", "Waiting for claude-opus-4-7"]
    assert [line for line in progress if line not in err] == []
    call_command("chat_ask", "When?", verbosity=0)
    assert capsys.readouterr().err == ""


def test_a_failure_is_told(claude_standin: Standin) -> None:
    claude_standin.always(Answer(status=400))
    with pytest.raises(CommandError, match="not available"):
        call_command("chat_ask", "When?")


def test_without_a_key_it_says_what_is_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANTHROPIC_API_KEY = None
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandError, match="set ANTHROPIC_API_KEY"):
        call_command("chat_ask", "When?")
