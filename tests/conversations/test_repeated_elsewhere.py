"""Tests of repeated messages after the visitor has changed to another conversation."""

from __future__ import annotations

import uuid

import pytest
from pytest_django import Settings

from sitechat.models import Conversation, Usage
from sitechat.standin import Standin
from tests.visitor import UUID, Visitor

pytestmark = pytest.mark.database


def test_a_retry_is_found_after_another_tab_began_a_conversation(
    db: None, claude_standin: Standin
) -> None:
    visitor = Visitor()
    first = visitor.ask("Hello", id=UUID)
    visitor.ask("In another tab", conversation="new")
    current = visitor.history()["conversation"]
    assert visitor.ask(" Hello ", id=UUID) == first
    assert visitor.send("Something else", id=UUID).json()["error"] == "conflict"
    assert visitor.history()["conversation"] == current
    assert len(claude_standin.requests) == Usage.objects.count() == 2


def test_a_retry_is_found_after_another_tab_chose_an_earlier_conversation(
    db: None, claude_standin: Standin
) -> None:
    visitor = Visitor()
    visitor.ask("Long ago")
    earlier = visitor.history()["conversation"]
    first = visitor.ask("Hello", id=UUID, conversation="new")
    visitor.ask("In another tab", conversation=earlier)
    assert visitor.ask("Hello", id=UUID) == first
    assert visitor.ask("Hello", id=UUID, conversation=earlier) == first
    assert len(claude_standin.requests) == 3


def test_a_retry_may_name_the_conversation_in_another_way(
    db: None, claude_standin: Standin
) -> None:
    visitor = Visitor()
    first = visitor.ask("Hello", id=UUID)
    assert visitor.ask("Hello", id=UUID, conversation="new") == first
    assert visitor.send("Other words", id=UUID, conversation="new").status_code == 422
    assert visitor.ask("Hello", id=UUID, conversation=visitor.history()["conversation"]) == first
    assert Conversation.objects.count() == len(claude_standin.requests) == 1


def test_each_bot_of_a_visitor_is_asked_on_its_own(
    db: None, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    visitor = Visitor()
    for bot in ("default", "sales"):
        visitor.ask("Hello", id=UUID, bot=bot)
        visitor.ask("Hello again", conversation="new", bot=bot)
    assert len(claude_standin.requests) == 4


def test_the_same_id_of_another_visitor_is_not_found(db: None, claude_standin: Standin) -> None:
    others = Visitor()
    others.ask("Good morning")
    others.ask("Hello", id=UUID)
    visitor = Visitor()
    visitor.ask("Good morning")
    visitor.ask("A second time", conversation="new")
    visitor.ask("Hello", id=UUID)
    assert len(claude_standin.requests) == 5


def test_a_forgotten_message_may_be_sent_again(db: None, claude_standin: Standin) -> None:
    visitor = Visitor()
    visitor.ask("Hello", id=UUID)
    visitor.ask("In another tab", conversation="new", id=str(uuid.uuid4()))
    [_newer, older] = visitor.client.get("/api/chat/conversations/").json()["conversations"]
    visitor.forget(conversation=older["id"])
    visitor.ask("Hello", id=UUID)
    assert len(claude_standin.requests) == 3
