"""Tests of all endpoints of the chat's HTTP interface."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from sitechat.models import Conversation, Message
from sitechat.standin import Answer, Standin
from tests.visitor import CHAT, UUID, Visitor, events_of, reply_url, text_of


@pytest.fixture
def answered(visitor: Visitor, claude_standin: Standin) -> tuple[Visitor, str]:
    """Return a visitor who asked "Hello" and got "Hello there", and the reply's id."""
    claude_standin.script(Answer("Hello there"))
    [reply] = [event["reply"] for event in visitor.ask("Hello") if "reply" in event]
    return visitor, reply


Answered = tuple[Visitor, str]


# Sending


def test_a_call_with_only_a_message_works(claude_standin: Standin, db: None) -> None:
    """Send requests like curl: without cookies, tokens and other headers."""
    claude_standin.script("Hello there")
    response = Client(enforce_csrf_checks=True).post(
        CHAT, b'{"message": "What does this site do?"}', content_type="application/json"
    )
    assert response.status_code == 200
    assert text_of(events_of(response)) == "Hello there"


def test_a_stream_begins_with_the_ids(visitor: Visitor) -> None:
    first, *_rest, last = visitor.ask("Hello", id=UUID)
    assert set(first) == {"reply", "message"}
    assert first["message"] == UUID
    assert uuid.UUID(first["reply"])
    assert last == {"done": "complete"}


# The conversation


def test_the_history_has_all_messages_and_the_texts_of_the_widget(
    answered: Answered, settings: Settings
) -> None:
    visitor, reply = answered
    settings.CHAT_WIDGET = {"greeting": "Grüß Gott", "suggestions": ["Prices?", "Hours?"]}
    history = visitor.history()
    assert history["conversation"] == str(Conversation.objects.get().pk)
    assert history["running"] is None
    assert history["greeting"] == "Grüß Gott"
    assert history["suggestions"] == ["Prices?", "Hours?"]
    question, answer = history["messages"]
    assert (question["role"], question["text"]) == ("user", "Hello")
    for created in (question.pop("created"), answer.pop("created")):
        assert datetime.fromisoformat(created).tzinfo
    assert answer == {
        "id": reply,
        "role": "assistant",
        "text": "Hello there",
        "status": "complete",
        "sources": [],
        "citations": [],
        "rating": 0,
    }


def test_reading_without_a_session_creates_nothing(visitor: Visitor) -> None:
    history = visitor.history()
    assert (history["conversation"], history["messages"], history["running"]) == (None, [], None)
    assert not visitor.client.cookies


def test_messages_have_a_definite_order(visitor: Visitor) -> None:
    for number in range(3):
        visitor.ask(f"Question {number}")
    Message.objects.update(created=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    assert visitor.texts()[::2] == ["Question 0", "Question 1", "Question 2"]


# Following


@pytest.mark.parametrize("after", [0, 3, 11, 99])
def test_a_finished_reply_is_followed_from_anywhere(after: int, answered: Answered) -> None:
    visitor, reply = answered
    events = visitor.follow(reply, after=after)
    assert text_of(events) == "Hello there"[after:]
    assert events[0]["reply"] == reply
    assert events[-1] == {"done": "complete"}


def test_a_reply_can_be_polled(answered: Answered) -> None:
    visitor, reply = answered
    assert visitor.poll(reply, after=6) == {
        "reply": reply,
        "text": "there",
        "at": 11,
        "status": "complete",
        "sources": [],
        "citations": [],
    }


def test_a_polled_failure_has_its_text(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer(status=401))
    events = visitor.ask("Hello")
    polled = visitor.poll(events[0]["reply"])
    assert polled["status"] == "failed"
    assert polled["error"] == events[1]


@pytest.mark.parametrize("after", ["-1", "x", "1.5"])
def test_an_invalid_offset_is_refused(after: str, answered: Answered) -> None:
    visitor, reply = answered
    response = visitor.client.get(reply_url(reply), {"after": after})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


# Rating


def test_a_rating_can_be_changed(answered: Answered) -> None:
    visitor, reply = answered
    response = visitor.rate(reply, rating=1, comment=" Well said ")
    assert (response.status_code, response.json()) == (200, {"reply": reply, "rating": 1})
    assert Message.objects.replies().get().comment == "Well said"
    assert visitor.history()["messages"][-1]["rating"] == 1
    visitor.rate(reply, rating=-1)
    assert visitor.history()["messages"][-1]["rating"] == -1
    visitor.rate(reply, rating=0)
    assert visitor.history()["messages"][-1]["rating"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": 2},
        {"rating": "1"},
        {"rating": True},
        {"rating": 1.0},
        {"rating": None},
        {"rating": 10**30},
        {"rating": 1, "comment": 5},
        {"rating": 1, "comment": "\x00"},
        {"rating": 1, "comment": "\ud800"},
        {"rating": 1, "stars": 5},
        [],
        b"rating=1",
    ],
)
def test_an_invalid_rating_changes_nothing(body: Any, answered: Answered) -> None:
    visitor, reply = answered
    response = visitor.post(body, reply_url(reply, "rating/"))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert visitor.history()["messages"][-1]["rating"] == 0


def test_a_comment_has_a_limit(answered: Answered) -> None:
    visitor, reply = answered
    response = visitor.rate(reply, rating=1, comment="x" * 2001)
    assert (response.status_code, response.json()["limit"]) == (400, 2000)


# Forgetting


def test_a_conversation_can_be_deleted(answered: Answered) -> None:
    visitor, reply = answered
    response = visitor.forget()
    assert (response.status_code, response.content) == (204, b"")
    assert not Conversation.objects.exists()
    assert visitor.history()["conversation"] is None
    assert visitor.client.get(reply_url(reply)).status_code == 404
    visitor.ask("Afresh")
    assert visitor.texts()[0] == "Afresh"


def test_deleting_without_a_conversation_succeeds(visitor: Visitor) -> None:
    assert visitor.forget().status_code == 204
    assert not visitor.client.cookies


# What is not the visitor's


def calls(visitor: Visitor, reply: str) -> list[Any]:
    return [
        visitor.client.get(reply_url(reply)),
        visitor.client.get(reply_url(reply), headers={"Accept": "application/json"}),
        visitor.client.get(reply_url(reply), {"after": "x"}),
        visitor.stop(reply, at=0),
        visitor.stop(reply, at="x"),
        visitor.rate(reply, rating=1),
        visitor.rate(reply, rating=9),
    ]


def test_replies_of_other_visitors_are_not_found(answered: Answered) -> None:
    _owner, reply = answered
    stranger, neighbour = Visitor(), Visitor()
    neighbour.ask("Hello")
    theirs = [*calls(stranger, reply), *calls(neighbour, reply)]
    missing = [*calls(stranger, UUID), *calls(neighbour, UUID), *calls(neighbour, "no-uuid")]
    answers = {(r.status_code, r.content, tuple(sorted(r.headers.items()))) for r in theirs}
    assert answers == {
        (r.status_code, r.content, tuple(sorted(r.headers.items()))) for r in missing
    }
    [(status, content, _headers)] = answers
    assert status == 404
    assert b'"not_found"' in content
    assert Message.objects.replies().get(pk=reply).rating == 0


def test_the_reply_of_a_user_is_not_found_after_a_logout(answered: Answered) -> None:
    visitor, _reply = answered
    visitor.client.force_login(User.objects.create_user("ann"))
    [reply] = [event["reply"] for event in visitor.ask("Mine") if "reply" in event]
    assert visitor.client.get(reply_url(reply)).status_code == 200
    visitor.client.logout()
    assert visitor.client.get(reply_url(reply)).status_code == 404


def test_the_id_of_a_visitors_message_is_not_a_reply(answered: Answered) -> None:
    visitor, _reply = answered
    question = visitor.history()["messages"][0]["id"]
    assert visitor.client.get(reply_url(question)).status_code == 404


@pytest.mark.parametrize(
    "reply", ["x", "0", UUID[:-1], UUID + "0", "%00", "..", "é", "{" + UUID + "}"]
)
def test_an_invalid_id_is_not_found(reply: str, answered: Answered) -> None:
    visitor, _reply = answered
    response = visitor.client.get(reply_url(reply))
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


# Everything else


@pytest.mark.parametrize(
    ("method", "call", "allowed"),
    [
        ("PUT", "", "GET, HEAD, POST, DELETE"),
        ("PATCH", "", "GET, HEAD, POST, DELETE"),
        ("POST", f"replies/{UUID}/", "GET, HEAD"),
        ("DELETE", f"replies/{UUID}/", "GET, HEAD"),
        ("POST", "updates/", "GET, HEAD"),
        ("GET", f"replies/{UUID}/stop/", "POST"),
        ("GET", f"replies/{UUID}/rating/", "POST"),
    ],
)
def test_other_methods_are_refused_in_json(
    method: str, call: str, allowed: str, visitor: Visitor
) -> None:
    response = visitor.client.generic(method, CHAT + call)
    assert (response.status_code, response["Allow"]) == (405, allowed)
    assert response.json()["error"] == "method_not_allowed"


def test_responses_are_never_cached(answered: Answered) -> None:
    visitor, reply = answered
    for response in (
        visitor.client.get(CHAT),
        visitor.client.get(reply_url(reply), headers={"Accept": "application/json"}),
        visitor.rate(reply, rating=1),
        visitor.send(""),
        visitor.forget(),
    ):
        assert response["Cache-Control"] == "private, no-store"
