"""The same message again follows the reply that it began."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Conversation, Message, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import UUID, Visitor, text_of, told

pytestmark = pytest.mark.database


def test_a_retry_follows_the_reply_that_it_began(visitor: Visitor, claude_standin: Standin) -> None:
    first = visitor.ask("Hello", id=UUID)
    again = visitor.ask("Hello", id=UUID)
    assert again == first
    assert told(first, "message") == UUID
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
    assert told(visitor.ask("Hello", id=UUID), "reply") == told(first, "reply")


def test_a_failed_message_is_not_begun_again_by_its_id(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer(status=400), "Hi")
    first = visitor.ask("Hello", id=UUID)
    assert told(first, "done") == "failed"
    again = visitor.ask("Hello", id=UUID)
    assert (told(again, "done"), told(again, "ref")) == ("failed", told(first, "ref"))
    assert told(visitor.ask("Hello", id=str(uuid.uuid4())), "done") == "complete"


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
    assert told(visitor.ask("Hello", id=UUID), "reply") != told(other.ask("Hey", id=UUID), "reply")
    assert other.texts()[0] == "Hey"


def test_an_id_counts_again_once_its_conversation_is_forgotten(visitor: Visitor) -> None:
    first = visitor.ask("Hello", id=UUID)
    visitor.forget()
    again = visitor.ask("Hello", id=UUID)
    assert told(first, "reply") != told(again, "reply")
    assert Message.objects.count() == 2


# Where the session lost the first answer


def lost(**headers: str) -> Visitor:
    """A visitor whose first message was answered, and the answer lost with its cookie."""
    Visitor(**headers).ask("Hello", id=UUID)
    return Visitor(**headers)


def test_a_first_message_whose_answer_was_lost_is_found_again(
    db: None, claude_standin: Standin
) -> None:
    visitor = lost(idempotency_key=UUID)
    assert text_of(visitor.ask("Hello", id=UUID))
    assert len(claude_standin.requests) == 1
    assert Conversation.objects.count() == 1
    assert visitor.texts()[0] == "Hello"


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": str(uuid.uuid4())}])
def test_nobody_else_finds_it(headers: dict[str, str], db: None, claude_standin: Standin) -> None:
    lost(idempotency_key=UUID)
    other = Visitor(**headers)
    other.ask("Hello", id=UUID)
    assert len(claude_standin.requests) == 2
    assert Conversation.objects.count() == 2


def test_without_a_session_no_conversation_goes_on(db: None, claude_standin: Standin) -> None:
    for text in ("Hello", "And then?"):
        message = {"message": text, "id": str(uuid.uuid4())}
        Visitor(idempotency_key=UUID).post(message)
        Visitor(idempotency_key=message["id"]).post({**message, "id": str(uuid.uuid4())})
    assert Conversation.objects.count() == 4
    assert Message.objects.count() == 8


def test_a_retry_begins_few_sessions(db: None, claude_standin: Standin) -> None:
    for _ in range(5):
        lost(idempotency_key=UUID)
    assert Session.objects.count() == 2
    Conversation.objects.update(created=timezone.now() - timedelta(hours=1))
    cache.clear()
    lost(idempotency_key=UUID)
    assert Session.objects.count() == 2
    assert len(claude_standin.requests) == 1


def test_another_address_does_not_find_it(db: None, claude_standin: Standin) -> None:
    visitor = lost(idempotency_key=UUID)
    visitor.post({"message": "Hello", "id": UUID}, REMOTE_ADDR="10.1.2.3")
    assert Conversation.objects.count() == 2


def test_messages_to_two_bots_at_once_keep_both_conversations(
    visitor: Visitor, settings: Settings, django_user_model: type[User]
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    visitor.client.force_login(django_user_model.objects.create_user("ann"))
    session = visitor.client.session
    before = dict(session.items())
    reply = told(visitor.ask("Hello"), "reply")
    # The answer to another message, which began before, tells the session what it knew of it.
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
