"""Tests of what is kept of the calls of tools: shown, exported, erased, cleaned up."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.models import Conversation, ToolUse
from sitechat.reports import personal_data
from sitechat.standin import Answer, Standin
from tests import tool_bots
from tests.visitor import Visitor

pytestmark = pytest.mark.database

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def used(visitor: Visitor, claude_standin: Standin, settings: Settings) -> Conversation:
    """Return a conversation in which Claude has called tools."""
    settings.CHAT_BOTS = tool_bots.BOTS
    use = [
        {"name": "order_status", "input": {"number": HOSTILE}},
        {"name": "order_status", "input": {"number": 5}},
        {"name": "fails", "input": {}},
        {"name": "rm -rf /" * 20, "input": {"path": "/"}},
    ]
    claude_standin.script(Answer(tool_use=use[:3]), "Well.")
    visitor.ask("Hello")
    return Conversation.objects.get()


def test_every_call_is_kept(used: Conversation) -> None:
    uses = ToolUse.objects.order_by("created")
    assert {(use.name, use.state) for use in uses} == {
        ("order_status", "done"),
        ("order_status", "refused"),
        ("fails", "failed"),
    }
    done = uses.get(state="done")
    assert done.result_size
    assert done.milliseconds is not None


def test_the_transcript_shows_calls_safely(used: Conversation, owner: Client) -> None:
    page = owner.get(reverse("admin:sitechat_conversation_change", args=[used.pk]))
    text = page.content.decode()
    assert "order_status" in text
    assert "<script>alert(1)" not in text
    assert "\u202e" not in text


def test_calls_are_exported_and_erased(used: Conversation) -> None:
    data = personal_data.export(personal_data.about_conversations(Conversation.objects.all()))
    tools = data["conversations"][0]["messages"][1]["tools"]
    assert [tool["tool"] for tool in tools].count("order_status") == 2
    erasure.erase(Conversation.objects.all())
    assert not ToolUse.objects.exists()
