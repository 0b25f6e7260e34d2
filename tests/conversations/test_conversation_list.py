"""Tests of the list of a visitor's conversations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.visitor import CHAT, Visitor

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def conversations(visitor: Visitor, **query: str) -> list[dict[str, Any]]:
    response = visitor.client.get(f"{CHAT}conversations/", query)
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["conversations"]
    return found


def titles(visitor: Visitor) -> list[str]:
    return [row["title"] for row in conversations(visitor)]


def test_a_new_conversation_keeps_the_old_one(visitor: Visitor) -> None:
    visitor.ask("What do you sell?")
    first = visitor.history()["conversation"]
    visitor.ask("Something else", conversation="new")
    assert visitor.texts()[0] == "Something else"
    assert visitor.history()["conversation"] != first
    assert titles(visitor) == ["Something else", "What do you sell?"]
    assert conversations(visitor)[1]["id"] == first
    assert conversations(visitor)[1]["messages"] == 2


def test_each_bot_has_its_own_list(visitor: Visitor, settings: Any) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    visitor.ask("To the one")
    visitor.ask("To the other", bot="support")
    assert titles(visitor) == ["To the one"]
    [other] = conversations(visitor, bot="support")
    assert other["title"] == "To the other"
    assert visitor.client.get(CHAT, {"conversation": other["id"]}).status_code == 404


def test_the_list_needs_a_session_and_makes_none() -> None:
    response = Client().get(f"{CHAT}conversations/")
    assert response.json() == {"conversations": []}
    assert not response.cookies
