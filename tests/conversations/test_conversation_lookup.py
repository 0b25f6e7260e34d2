"""Tests that a repeated message follows the reply that it started."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from sitechat.models import Message, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import UUID, Visitor, value_of

pytestmark = pytest.mark.database


def test_a_retry_follows_the_reply_that_it_began(visitor: Visitor, claude_standin: Standin) -> None:
    first = visitor.ask("Hello", id=UUID)
    again = visitor.ask("Hello", id=UUID)
    assert again == first
    assert value_of(first, "message") == UUID
    assert len(claude_standin.requests) == 1
    assert Usage.objects.count() == 1
    assert Message.objects.count() == 2


def test_blanks_around_a_message_make_no_other_one(visitor: Visitor) -> None:
    assert visitor.ask(" Hello\n", id=UUID) == visitor.ask("Hello", id=UUID.upper())


def test_a_retry_of_long_ago_is_still_one(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_MAX_HISTORY = 1
    first = visitor.ask("Hello", id=UUID)
    for number in range(3):
        visitor.ask(f"More {number}")
    assert value_of(visitor.ask("Hello", id=UUID), "reply") == value_of(first, "reply")


def test_a_failed_message_is_not_begun_again_by_its_id(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer(status=400), "Hi")
    first = visitor.ask("Hello", id=UUID)
    assert value_of(first, "done") == "failed"
    again = visitor.ask("Hello", id=UUID)
    assert (value_of(again, "done"), value_of(again, "ref")) == ("failed", value_of(first, "ref"))
    assert value_of(visitor.ask("Hello", id=str(uuid.uuid4())), "done") == "complete"


def test_the_same_id_with_another_text_is_a_conflict(
    visitor: Visitor, claude_standin: Standin
) -> None:
    visitor.ask("Hello", id=UUID)
    response = visitor.send("Something else", id=UUID)
    assert (response.status_code, response.json()["error"]) == (422, "conflict")
    assert len(claude_standin.requests) == 1
    assert Message.objects.count() == 2


def test_two_visitors_may_use_the_same_id(visitor: Visitor) -> None:
    other = Visitor()
    other.client = Client(REMOTE_ADDR="192.0.2.7")  # the same address without a session is a retry
    assert value_of(visitor.ask("Hello", id=UUID), "reply") != value_of(
        other.ask("Hey", id=UUID), "reply"
    )
    assert other.texts()[0] == "Hey"


def test_an_id_counts_again_once_its_conversation_is_forgotten(visitor: Visitor) -> None:
    first = visitor.ask("Hello", id=UUID)
    visitor.forget()
    again = visitor.ask("Hello", id=UUID)
    assert value_of(first, "reply") != value_of(again, "reply")
    assert Message.objects.count() == 2


def test_messages_to_two_bots_at_once_keep_both_conversations(
    visitor: Visitor, settings: Settings, django_user_model: type[User]
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    visitor.client.force_login(django_user_model.objects.create_user("ann"))
    session = visitor.client.session
    before = dict(session.items())
    reply = value_of(visitor.ask("Hello"), "reply")
    # The response to another message, which started earlier, overwrites the session.
    session = visitor.client.session
    session.clear()
    session.update(before)
    session.save()
    visitor.ask("Prices?", bot="sales")
    assert visitor.texts()[0] == "Hello"
    assert visitor.poll(reply)["status"] == "complete"
    assert visitor.rate(reply, rating=1).status_code == 200
    assert visitor.forget().status_code == 204
    assert visitor.texts() == []
    visitor.ask("Again")
    assert visitor.texts()[0] == "Again"
