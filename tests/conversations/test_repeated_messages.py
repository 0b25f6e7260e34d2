"""Tests of a repeated first message without cookie, because its response was lost."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Conversation, Counter, Message, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import UUID, MakeVisitor, Visitor, events_of, text_of, value_of

pytestmark = pytest.mark.database


def lost(**headers: str) -> Visitor:
    """Return a visitor whose first message was answered, but whose response was lost."""
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


# Without the header Idempotency-Key


def test_the_same_random_id_and_text_follow_the_first_reply(
    db: None, claude_standin: Standin
) -> None:
    claude_standin.always("Hi")
    first = Visitor().ask("Hello", id=UUID)
    visitor = Visitor()
    assert visitor.ask(" Hello ", id=UUID) == first
    assert not visitor.client.cookies
    assert visitor.texts() == []
    assert len(claude_standin.requests) == Usage.objects.count() == 1
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": UUID}])
def test_the_same_random_id_with_another_text_is_a_conflict(
    headers: dict[str, str], db: None, claude_standin: Standin
) -> None:
    Visitor().ask("Hello", id=UUID)
    response = Visitor(**headers).post({"message": "Something else", "id": UUID})
    assert (response.status_code, response.json()["error"]) == (422, "conflict")
    assert not response.cookies
    assert text_of(Visitor().ask("Hello", id=UUID))
    assert len(claude_standin.requests) == Conversation.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "extra"),
    [
        ({"id": "7d0c3d54-6f5e-4c39-9f0e-0a6f7f1d7c11"}, {}),
        ({}, {"REMOTE_ADDR": "10.1.2.3"}),
        ({"message": "Something else"}, {"REMOTE_ADDR": "10.1.2.3"}),
    ],
    ids=["another id", "another address", "another text and address"],
)
def test_what_is_no_retry_is_a_message_of_its_own(
    body: dict[str, str], extra: dict[str, Any], db: None, claude_standin: Standin
) -> None:
    Visitor().ask("Hello", id=UUID)
    response = Visitor().post({"message": "Hello", "id": UUID, **body}, **extra)
    assert text_of(events_of(response))
    assert len(claude_standin.requests) == Conversation.objects.count() == 2


@pytest.mark.parametrize(
    "known", ["0b0d5e4c-5a43-1a3c-8f5c-8d3f3ef5a0b1", "00000000-0000-0000-0000-000000000001"]
)
def test_an_id_that_is_not_random_proves_nothing(
    known: str, db: None, claude_standin: Standin
) -> None:
    for _ in range(2):
        Visitor().ask("Hello", id=known)
    assert len(claude_standin.requests) == 2


def test_who_is_signed_in_follows_nobody(
    db: None, claude_standin: Standin, django_user_model: type[User]
) -> None:
    Visitor().ask("Hello", id=UUID)
    ann = Visitor()
    ann.client.force_login(django_user_model.objects.create_user("ann"))
    ann.ask("Hello", id=UUID)
    Visitor().ask("Hello", id=UUID)
    assert len(claude_standin.requests) == 2
    assert set(Conversation.objects.values_list("user__username", flat=True)) == {None, "ann"}


def test_after_ten_minutes_it_is_a_new_message(db: None, claude_standin: Standin) -> None:
    Visitor().ask("Hello", id=UUID)
    Conversation.objects.update(created=timezone.now() - timedelta(minutes=9))
    Visitor().ask("Hello", id=UUID)
    assert len(claude_standin.requests) == 1
    Conversation.objects.update(created=timezone.now() - timedelta(minutes=11))
    Visitor().ask("Hello", id=UUID)
    assert len(claude_standin.requests) == 2


def test_a_conversation_that_has_gone_on_shows_its_first_reply_only(
    db: None, claude_standin: Standin
) -> None:
    claude_standin.always("Hi")
    visitor = Visitor()
    first = visitor.ask("Hello", id=UUID)
    second = str(uuid.uuid4())
    visitor.ask("And then?", id=second)
    assert Visitor().ask("Hello", id=UUID) == first
    for headers in ({}, {"idempotency_key": UUID}):
        late = Visitor(**headers)
        late.ask("Hello", id=UUID)
        assert late.texts() == []
    assert len(claude_standin.requests) == 2
    Visitor(idempotency_key=second).ask("And then?", id=second)
    assert len(claude_standin.requests) == 3  # it started no conversation


def test_each_bot_is_asked_on_its_own(
    db: None, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    for bot in ("default", "sales"):
        Visitor().ask("Hello", id=UUID, bot=bot)
    assert len(claude_standin.requests) == 2


def test_a_first_message_that_was_refused_may_be_sent_again(
    db: None, claude_standin: Standin, settings: Settings
) -> None:
    with override_settings(CHAT_LIMITS={"site": ["0.001 usd/month"]}):
        assert Visitor().send("Hello", id=UUID).status_code == 429
    assert text_of(Visitor().ask("Hello", id=UUID))


@pytest.mark.parametrize("vouches", [False, True])
def test_a_session_that_another_page_has_begun_since_changes_nothing(
    vouches: bool, db: None, claude_standin: Standin
) -> None:
    headers = {"idempotency_key": UUID} if vouches else {}
    first = Visitor(**headers).ask("Hello", id=UUID)
    visitor = Visitor(**headers)
    session = visitor.client.session
    session["cart"] = [1]
    session.save()
    assert visitor.ask("Hello", id=UUID) == first
    assert visitor.send("Something else", id=UUID).status_code == 422
    assert visitor.texts()[:1] == (["Hello"] if vouches else [])
    assert visitor.client.session["cart"] == [1]
    assert len(claude_standin.requests) == 1
    visitor.ask("A new question")
    assert len(claude_standin.requests) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("vouches", [False, True])
def test_20_copies_at_once_are_billed_once(
    vouches: bool, live_visitor: MakeVisitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"ip": ["60 messages/day"], "site": ["1 usd/month"]}
    claude_standin.script(Answer("One two three", delay=0.05))

    def send(number: int) -> tuple[list[dict[str, object]], bool]:
        headers = {"idempotency_key": UUID} if vouches else {}
        visitor = Visitor(**headers)
        try:
            return visitor.ask("Hello", id=UUID), bool(visitor.client.cookies)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(send, range(20)))
    assert {value_of(events, "reply") for events, _cookie in answers} == {
        str(Message.objects.replies().get().pk)
    }
    assert {text_of(events) for events, _cookie in answers} == {"One two three"}
    sessions = sum(cookie for _events, cookie in answers)
    assert 1 < sessions < 20 if vouches else sessions == 1
    assert len(claude_standin.requests) == Usage.objects.count() == 1
    assert Counter.objects.get(key__startswith="ip:messages").spent == 1
