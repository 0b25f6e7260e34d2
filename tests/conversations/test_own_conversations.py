"""Tests of who reads and continues a conversation, and of repeated questions."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from sitechat.claude.messages import SearchResult
from sitechat.conversations.follow_up_questions import follow_ups
from sitechat.models import Conversation, Message
from sitechat.standin import Standin
from tests.conversations.test_conversation_list import conversations, titles
from tests.visitor import CHAT, Visitor, value_of

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def signed_in(name: str) -> Visitor:
    visitor = Visitor()
    visitor.client.force_login(User.objects.get_or_create(username=name)[0])
    return visitor


def test_an_earlier_conversation_is_read_and_continued(visitor: Visitor) -> None:
    visitor.ask("First")
    first = visitor.history()["conversation"]
    visitor.ask("Second", conversation="new")
    history = visitor.history(conversation=first)
    assert history["messages"][0]["text"] == "First"
    visitor.ask("More", conversation=first)
    assert visitor.history()["conversation"] == first
    assert visitor.texts()[::2] == ["First", "More"]


def test_a_retry_of_the_first_message_of_a_new_conversation_is_one(
    visitor: Visitor, claude_standin: Standin
) -> None:
    visitor.ask("First")
    id = str(uuid.uuid4())
    replies = {visitor.ask("Second", conversation="new", id=id)[0]["reply"] for _ in range(3)}
    assert len(replies) == 1
    assert len(claude_standin.requests) == 2


def test_another_visitors_conversation_is_not_found(visitor: Visitor) -> None:
    visitor.ask("Mine")
    own_id = visitor.history()["conversation"]
    other = Visitor()
    other.ask("Theirs")
    unknown = str(uuid.uuid4())
    answers = [
        (response.status_code, response.content)
        for id in (own_id, unknown)
        for response in (
            other.client.get(CHAT, {"conversation": id}),
            other.client.delete(f"{CHAT}?conversation={id}"),
            other.send("Let me in", conversation=id),
        )
    ]
    assert {status for status, _ in answers} == {404}
    assert len({content for _, content in answers}) == 1
    assert titles(other) == ["Theirs"]
    assert Conversation.objects.filter(pk=own_id).exists()


@pytest.mark.parametrize("value", ["old", 5, "", {}])
def test_what_is_no_conversation_is_refused(value: object, visitor: Visitor) -> None:
    assert visitor.send("Hello", conversation=value).json()["error"] == "invalid_request"


def test_one_conversation_is_deleted(visitor: Visitor) -> None:
    visitor.ask("First")
    first = visitor.history()["conversation"]
    visitor.ask("Second", conversation="new")
    assert visitor.client.delete(f"{CHAT}?conversation={first}").status_code == 204
    assert titles(visitor) == ["Second"]
    assert visitor.texts()[0] == "Second"
    second = visitor.history()["conversation"]
    assert visitor.client.delete(f"{CHAT}?conversation={second}").status_code == 204
    assert visitor.history()["conversation"] is None
    visitor.ask("Third")
    assert titles(visitor) == ["Third"]


def test_a_signed_in_user_finds_them_on_every_device(claude_standin: Standin) -> None:
    signed_in("ann").ask("From the phone")
    laptop = signed_in("ann")
    assert titles(laptop) == ["From the phone"]
    assert laptop.history()["conversation"] is None
    id = conversations(laptop)[0]["id"]
    assert laptop.history(conversation=id)["messages"][0]["text"] == "From the phone"
    assert titles(signed_in("bob")) == []


def test_an_anonymous_conversation_becomes_the_users_only_when_they_write_in_it(
    visitor: Visitor,
) -> None:
    visitor.ask("Anonymous")
    user = User.objects.create(username="ann")
    visitor.client.force_login(user)
    assert titles(visitor) == ["Anonymous"]
    assert titles(signed_in("ann")) == []
    visitor.ask("Now as Ann")
    assert titles(signed_in("ann")) == ["Anonymous"]
    visitor.client.logout()
    assert titles(visitor) == []


def test_many_conversations_fit_into_a_session_of_signed_cookies(
    claude_standin: Standin, settings: Any
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.CHAT_LIMITS = {}
    visitor = Visitor()
    for number in range(30):
        visitor.ask(f"Question {number}", conversation="new")
    assert len(titles(visitor)) == 30
    assert len(visitor.client.cookies[settings.SESSION_COOKIE_NAME].value) < 1000


def test_a_question_asked_again_leaves_the_earlier_turn_out_of_what_claude_gets(
    visitor: Visitor, claude_standin: Standin
) -> None:
    visitor.ask("First")
    id = value_of(visitor.ask("Secnd"), "message")
    visitor.ask("Second", replaces=id)
    sent = str(claude_standin.requests[-1].body["messages"])
    assert "First" in sent
    assert "Secnd" not in sent
    flags = [(m["text"], m.get("replaced", False)) for m in visitor.history()["messages"]]
    assert flags[::2] == [("First", False), ("Secnd", True), ("Second", False)]
    visitor.ask("Third")
    assert "Secnd" not in str(claude_standin.requests[-1].body["messages"])


def test_only_the_last_question_is_asked_again(visitor: Visitor) -> None:
    first = value_of(visitor.ask("First"), "message")
    visitor.ask("Second")
    for id in (first, str(uuid.uuid4())):
        response = visitor.send("Other words", replaces=id)
        assert (response.status_code, response.json()["error"]) == (422, "conflict")
    assert len(visitor.texts()) == 4
    assert not Message.objects.filter(replaced=True).exists()


def test_follow_ups_are_questions_over_the_passages_that_were_not_asked() -> None:
    documents = [
        SearchResult(
            "Delivery", "/d/", "Three days.", ("Delivery", "How long does delivery take?")
        ),
        SearchResult("Is there a showroom?", "/s/", "Yes.", ("Opening hours",)),
        SearchResult("Delivery", "/d/", "Free.", ("Delivery", "What does delivery cost?")),
    ]
    assert follow_ups(documents, asked=["what does the delivery cost"]) == [
        "How long does delivery take?",
        "Is there a showroom?",
    ]


def test_suggestions_come_before_the_end_and_with_the_history(visitor: Visitor) -> None:
    reply = visitor.ask("Hello")[0]["reply"]
    Message.objects.filter(pk=reply).update(suggestions=["What else?"])
    events = visitor.follow(reply)
    assert events[-2:] == [{"suggestions": ["What else?"]}, {"done": "complete"}]
    assert visitor.poll(reply)["suggestions"] == ["What else?"]
    assert visitor.history()["messages"][1]["suggestions"] == ["What else?"]
