"""Tests of which events are announced, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from sitechat.conversations import command_signature
from sitechat.events import deliver_due
from sitechat.models import Asker, Contact, Conversation, Delivery, Unanswered
from sitechat.reports import unanswered_questions
from sitechat.signals import EVENTS
from sitechat.standin import Standin
from tests.events.receiver import Receiver
from tests.owner import talk
from tests.visitor import CHAT, Visitor, value_of

pytestmark = pytest.mark.database
Heard = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Return the signals that were sent, with their arguments."""
    signals: Heard = []
    receivers = {}
    for name, signal in EVENTS.items():

        def hear(name: str = name, **kwargs: Any) -> None:
            signals.append((name, kwargs))

        receivers[name] = hear
        signal.connect(hear)
    yield signals
    for name, signal in EVENTS.items():
        signal.disconnect(receivers[name])


@pytest.fixture(autouse=True)
def answers(claude_standin: Standin) -> None:
    claude_standin.always("Hi")


def names(heard: Heard) -> list[str]:
    return [name for name, _arguments in heard]


def test_the_events_of_a_conversation_are_announced(
    visitor: Visitor,
    heard: Heard,
    hook: Receiver,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.CHAT_CONSENT = "Yes?"
    settings.CHAT_CONTACT = {"notify": ["sales@example.org"]}
    with django_capture_on_commit_callbacks(execute=True):
        visitor.post(b"", f"{CHAT}consent/")
        reply = value_of(visitor.ask("Hello"), "reply")
        visitor.ask("Again")
        visitor.rate(reply, rating=-1, comment="No")
        visitor.post({"email": "ann@example.org", "name": "Ann"}, f"{CHAT}contact/")
    # The signal of replies is sent when they are saved, which is its own transaction elsewhere.
    assert sorted(names(heard)) == [
        "consent_given",
        "contact_requested",
        "conversation_started",
        "reply_finished",
        "reply_finished",
        "reply_rated",
    ]
    deliver_due()
    data = {request.json["type"]: request.json["data"] for request in hook.requests}
    conversation = str(Conversation.objects.get().pk)
    assert data["conversation_started"] == {"conversation": conversation, "bot": "default"}
    assert data["reply_finished"]["status"] == "complete"
    assert data["reply_rated"]["comment"] == "No"
    assert data["contact_requested"]["email"] == "ann@example.org"
    assert data["consent_given"]["text"] == "Yes?"
    assert "Hello" not in str(data)
    [message] = mail.outbox
    assert (message.to, message.reply_to) == (["sales@example.org"], ["ann@example.org"])
    assert f"/admin/sitechat/contact/{Contact.objects.get().pk}/change/" in str(message.body)


def test_a_budget_is_announced_at_80_and_100_percent(
    visitor: Visitor,
    heard: Heard,
    hook: Receiver,
    claude_standin: Standin,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.CHAT_MAX_TOKENS = 100
    settings.CHAT_LIMITS = {"site": ["0.02 usd/month"]}
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(40):
            if visitor.send(str(n)).status_code == 429:
                break
    assert [name for name in names(heard) if "budget" in name][-1] == "budget_reached"
    events = list(Delivery.objects.values_list("event", flat=True))
    assert events.count("budget_reached") == 1


def test_a_rolled_back_event_is_not_announced(visitor: Visitor, heard: Heard) -> None:
    visitor.ask("Hello")
    assert "conversation_started" not in names(heard)


def test_deleting_a_conversation_deletes_waiting_deliveries(
    visitor: Visitor, hook: Receiver
) -> None:
    visitor.ask("Hello")
    assert Delivery.objects.count() == 2
    visitor.forget()
    assert not Delivery.objects.exists()


def test_a_command_announces_nothing(visitor: Visitor, hook: Receiver) -> None:
    mark = {command_signature.HEADER: command_signature.sign(Asker.DOCTOR)}
    Visitor(**mark).ask("Hello")
    assert not Delivery.objects.exists()


def test_without_webhooks_nothing_is_stored(visitor: Visitor) -> None:
    visitor.ask("Hello")
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_an_unanswered_question_is_announced_once(hook: Receiver) -> None:
    old = talk(("Old?", "I don't know."), age=timedelta(days=8))
    conversation = talk(("Where?", "I don't know."))
    for _ in range(2):
        unanswered_questions.review_new_replies()
    deliver_due()
    [request] = hook.requests
    assert request.json["type"] == "question_unanswered"
    assert request.json["data"]["question"] == "Where?"
    assert request.json["data"]["conversation"] == str(conversation.pk)
    assert Unanswered.objects.filter(conversation=old).exists()
