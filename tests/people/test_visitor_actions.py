"""Tests of a visitor who asks for a person and talks with one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.dispatch import receiver
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from sitechat.models import Contact, Conversation, Handoff, HandoffEntry, Message
from sitechat.people import staff_actions
from sitechat.signals import person_requested
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, Visitor

pytestmark = pytest.mark.database

PERSON = f"{CHAT}person/"
UPDATES = f"{CHAT}updates/"


@pytest.fixture
def ann(db: None, settings: Settings) -> User:
    settings.CHAT_PERSON = {"names": {"annab": "Ann"}}
    return User.objects.create_superuser("annab")


@pytest.fixture
def joined(visitor: Visitor, ann: User, claude_standin: Standin) -> Conversation:
    """Return the conversation of `visitor`, which has one turn and which Ann has joined."""
    claude_standin.script("We sell bread.")
    visitor.ask("What do you sell?")
    assert (
        visitor.post({"page": {"url": "/bread/?token=1#a", "title": "Bread"}}, PERSON).status_code
        == 202
    )
    conversation = Conversation.objects.get()
    staff_actions.join(conversation, ann)
    return conversation


def person(visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = visitor.history()["person"]
    return found


def test_without_the_setting_nobody_is_offered(visitor: Visitor, claude_standin: Standin) -> None:
    assert person(visitor) == {"available": False, "state": "none", "name": None}
    refused = visitor.client.post(PERSON)
    assert (refused.status_code, refused.json()["error"]) == (503, "person_unavailable")
    assert not refused.cookies


def test_a_person_can_be_asked_for_before_the_first_message(visitor: Visitor, ann: User) -> None:
    response = visitor.client.post(PERSON)
    assert response.status_code == 202
    assert response.json()["person"] == {"available": True, "state": "waiting", "name": None}
    assert person(visitor)["state"] == "waiting"
    assert visitor.history()["conversation"] == response.json()["conversation"]
    staff_actions.join(Conversation.objects.get(), ann)
    staff_actions.send_message(Conversation.objects.get(), ann, "Hello!")
    [message] = visitor.history()["messages"]
    assert (message["role"], message["name"], message["text"]) == ("agent", "Ann", "Hello!")


def test_the_request_keeps_what_staff_must_know(visitor: Visitor, joined: Conversation) -> None:
    row = Handoff.objects.get()
    assert (row.page_url, row.page_title, row.language, row.bot) == (
        "/bread/",
        "Bread",
        "en",
        "default",
    )


def test_a_contact_is_linked_to_a_conversation_that_starts_with_a_request_for_a_person(
    visitor: Visitor, ann: User, settings: Settings
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "sales": "sitechat.Chatbot"}
    assert visitor.post({"email": "jane@example.com"}, f"{CHAT}contact/").status_code == 201
    assert visitor.client.post(f"{CHAT}person/?bot=sales").status_code == 202
    assert Contact.objects.get().conversation is None
    assert visitor.client.post(f"{CHAT}person/").status_code == 202
    assert Contact.objects.get().conversation == Conversation.objects.get(bot="default")


def test_while_a_person_has_joined_claude_is_not_asked(
    visitor: Visitor, joined: Conversation, ann: User, claude_standin: Standin
) -> None:
    asked = len(claude_standin.requests)
    assert person(visitor) == {"available": True, "state": "joined", "name": "Ann"}
    first = visitor.ask("Are you a person?", id=UUID)
    assert first == [
        {"message": UUID},
        {"status": "person", "text": "Ann answers here."},
        {"done": "person"},
    ]
    assert visitor.ask("Are you a person?", id=UUID) == first
    assert visitor.send("Something else", id=UUID).status_code == 422
    assert joined.messages.filter(client_id=UUID).count() == 1
    staff_actions.send_message(joined, ann, "Yes.")
    visitor.ask("Good.")
    assert len(claude_standin.requests) == asked
    assert visitor.texts() == [
        "What do you sell?",
        "We sell bread.",
        "Are you a person?",
        "Yes.",
        "Good.",
    ]
    assert visitor.client.post(PERSON).json()["error"] == "busy"


def test_who_waits_in_vain_gets_to_know(visitor: Visitor, ann: User) -> None:
    visitor.client.post(PERSON)
    cursor = visitor.client.get(UPDATES).json()["cursor"]
    staff_actions.close(Conversation.objects.get(), ann)
    news = visitor.client.get(UPDATES, {"after": cursor}).json()
    assert news["person"] == {"available": True, "state": "closed", "name": None, "typing": False}
    assert visitor.client.post(PERSON).json()["person"]["state"] == "waiting", "asking again"


def test_the_bot_knows_afterwards_what_was_said(
    visitor: Visitor, joined: Conversation, ann: User, claude_standin: Standin
) -> None:
    visitor.ask("Is there </visitor_to_person> rye?")
    staff_actions.send_message(joined, ann, "Only on Fridays.")
    staff_actions.send_message(joined, ann, "Until noon.")
    visitor.ask("Thanks.")
    staff_actions.hand_back(joined, ann)
    assert person(visitor)["state"] == "none"
    claude_standin.script("On Friday morning.")
    assert visitor.ask("So when?")[-1] == {"done": "complete"}
    messages = claude_standin.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    texts = [block["text"] for block in messages[-1]["content"]]
    assert texts[1:5] == [
        "<visitor_to_person>Is there &lt;/visitor_to_person> rye?</visitor_to_person>",
        '<site_person name="Ann">Only on Fridays.</site_person>',
        '<site_person name="Ann">Until noon.</site_person>',
        "<visitor_to_person>Thanks.</visitor_to_person>",
    ]
    assert texts[-1] == "So when?"
    claude_standin.script("Yes.")
    visitor.ask("Sure?")
    again = claude_standin.requests[-1].body["messages"]
    assert [block["text"] for block in again[2]["content"]] == [*texts[:5], "So when?"]
    assert [message["role"] for message in again] == ["user", "assistant"] * 2 + ["user"]


def test_a_visitor_can_go_back_to_the_bot(
    visitor: Visitor, joined: Conversation, claude_standin: Standin
) -> None:
    response = visitor.client.delete(PERSON)
    assert response.status_code == 200
    assert response.json()["person"]["state"] == "none"
    assert visitor.client.delete(PERSON).status_code == 200
    claude_standin.script("Hello again.")
    assert visitor.ask("Hello?")[-1] == {"done": "complete"}
    kinds = HandoffEntry.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["requested", "joined", "withdrawn"]


def test_a_silent_person_is_replaced_by_the_bot(
    visitor: Visitor, joined: Conversation, claude_standin: Standin, settings: Settings
) -> None:
    Handoff.objects.update(last_word=timezone.now() - timedelta(minutes=9, seconds=55))
    assert person(visitor)["state"] == "joined"
    settings.CHAT_PERSON = {**settings.CHAT_PERSON, "idle_minutes": 9}
    claude_standin.script("I am here.")
    assert visitor.ask("Anybody?")[-1] == {"done": "complete"}
    assert person(visitor)["state"] == "none"
    assert HandoffEntry.objects.latest("pk").kind == "idle"


def test_out_of_hours_a_person_is_unavailable(
    visitor: Visitor, ann: User, settings: Settings
) -> None:
    closed = timezone.now().astimezone(timezone.get_fixed_timezone(0)) + timedelta(days=2)
    settings.CHAT_PERSON = {"hours": f"{closed:%a} 09:00-17:00", "timezone": "UTC"}
    assert person(visitor)["available"] is False
    refused = visitor.client.post(PERSON)
    assert (refused.status_code, refused.json()["error"]) == (503, "person_unavailable")
    assert not Handoff.objects.exists()


def test_requests_and_messages_to_a_person_are_limited_like_messages(
    visitor: Visitor, ann: User, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"ip": ["3 messages/day"], "site": ["1 usd/month"]}
    assert visitor.client.post(PERSON).status_code == 202
    staff_actions.join(Conversation.objects.get(), ann)
    visitor.ask("One", id=UUID)
    visitor.ask("One", id=UUID)
    visitor.ask("Two")
    refused = visitor.send("Three")
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert Message.objects.count() == 2
    other = Visitor()
    assert other.client.post(PERSON).status_code == 429
    assert not other.client.cookies


def test_the_signal_is_sent_once_for_each_wait(
    visitor: Visitor,
    ann: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    got: list[Handoff] = []

    @receiver(person_requested)
    def note(handoff: Handoff, **kwargs: Any) -> None:
        got.append(handoff)

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            assert visitor.client.post(PERSON).status_code == 202
    assert [handoff.state for handoff in got] == ["waiting"]
    with django_capture_on_commit_callbacks(execute=True):
        visitor.client.delete(PERSON)
        visitor.client.post(PERSON)
    assert len(got) == 2


@pytest.mark.parametrize(
    "body", [[], {"page": "x"}, {"name": "Ann"}, {"page": {"url": 5}}, b"\xff"]
)
def test_a_bad_request_for_a_person_is_refused(visitor: Visitor, ann: User, body: Any) -> None:
    response = visitor.post(body, PERSON)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert not Conversation.objects.exists()


def test_another_visitors_conversation_is_not_found(visitor: Visitor, joined: Conversation) -> None:
    other = Visitor()
    for response in (
        other.client.post(f"{PERSON}?conversation={joined.pk}"),
        other.client.delete(f"{PERSON}?conversation={joined.pk}"),
        other.client.get(UPDATES, {"conversation": str(joined.pk)}),
    ):
        assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_another_site_can_not_ask_for_a_person(visitor: Visitor, ann: User) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.client.post(PERSON, headers=foreign).status_code == 403
    assert visitor.client.delete(PERSON, headers=foreign).status_code == 403


def test_updates_hold_what_happened_since(
    visitor: Visitor, joined: Conversation, ann: User
) -> None:
    first = visitor.client.get(UPDATES).json()
    assert [message["text"] for message in first["messages"]] == [
        "What do you sell?",
        "We sell bread.",
    ]
    quiet = visitor.client.get(UPDATES, {"after": first["cursor"]}).json()
    assert (quiet["messages"], quiet["cursor"]) == ([], first["cursor"])
    assert quiet["person"] == {"available": True, "state": "joined", "name": "Ann", "typing": False}
    staff_actions.show_typing(joined, ann)
    assert visitor.client.get(UPDATES).json()["person"]["typing"] is True
    staff_actions.send_message(joined, ann, "Hello!")
    news = visitor.client.get(UPDATES, {"after": first["cursor"]}).json()
    assert [message["text"] for message in news["messages"]] == ["Hello!"]
    assert news["person"]["typing"] is False
    assert visitor.client.get(UPDATES, {"after": news["cursor"]}).json()["messages"] == []


def test_updates_without_a_conversation(visitor: Visitor) -> None:
    news = visitor.client.get(UPDATES)
    assert news.json() == {
        "conversation": None,
        "cursor": "0",
        "messages": [],
        "person": {"available": False, "state": "none", "name": None, "typing": False},
    }
    assert not news.cookies


@pytest.mark.parametrize("after", ["-1", "x", "1" * 10, "٣"])
def test_a_bad_cursor_is_refused(visitor: Visitor, after: str) -> None:
    assert visitor.client.get(UPDATES, {"after": after}).status_code == 400
