"""Tests of a person who joins while a visitor's message is on its way to Claude."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

import sitechat
from sitechat.conversations.message_body import IncomingMessage
from sitechat.errors import Overloaded
from sitechat.http.visit_reader import read_visit
from sitechat.models import Conversation, Counter, Handoff, Message, ToolUse, Usage
from sitechat.people import staff_actions, visitor_actions
from sitechat.standin import Answer, Standin
from tests import confirming
from tests.visitor import UUID, MakeVisitor, parse, text_of
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

joins = False


class Joining(sitechat.Chatbot):
    """A bot during whose preparations Ann joins."""

    def context(self, request: HttpRequest) -> str:
        if joins:
            staff_actions.join(Conversation.objects.get(), User.objects.get())
        return ""


@pytest.fixture
def ann(transactional_db: None, settings: Settings) -> User:
    settings.CHAT_PERSON = {"names": {"annab": "Ann"}}
    return User.objects.create_superuser("annab")


@pytest.fixture
def joining(ann: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CHAT_BOTS = {"default": f"{__name__}.Joining"}
    yield
    monkeypatch.undo()


def test_the_message_is_for_the_person_and_costs_nothing(
    joining: None,
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.CHAT_LIMITS = {"session": ["5 messages/month", "100000 tokens/month"]}
    claude_standin.script("We sell bread.")
    visitor = live_visitor()
    visitor.ask("What do you sell?")
    counted = dict(Counter.objects.values_list("key", "spent"))
    monkeypatch.setattr(f"{__name__}.joins", True)
    events = visitor.ask("Are you a person?", id=UUID)
    assert events == [
        {"message": UUID},
        {"status": "person", "text": "Ann answers here."},
        {"done": "person"},
    ]
    assert visitor.ask("Are you a person?", id=UUID) == events
    assert len(claude_standin.requests) == 1
    assert visitor.texts() == ["What do you sell?", "We sell bread.", "Are you a person?"]
    assert Usage.objects.count() == 1
    now = Counter.objects.values_list("key", "spent")
    assert sum(spent - counted[key] for key, spent in now) == 1, "one message, and no tokens"
    assert Handoff.objects.get().visitor_wrote is not None


def test_a_reply_that_is_running_is_finished(
    ann: User, live_visitor: MakeVisitor, claude_standin: Standin, quick_engine: None
) -> None:
    claude_standin.script(Answer("We sell bread and rolls.", hold_after=1))
    visitor = live_visitor()
    reply, stream = visitor.begin("What do you sell?")
    conversation = Conversation.objects.get()
    staff_actions.join(conversation, ann)
    staff_actions.send_message(conversation, ann, "Hello, I am here now.")
    visitor.ask("And cakes?")
    claude_standin.release()
    list(stream)
    assert text_of(visitor.follow(reply)) == "We sell bread and rolls."
    until(lambda: Message.objects.get(pk=reply).status == "complete")
    assert visitor.texts() == [
        "What do you sell?",
        "We sell bread and rolls.",
        "Hello, I am here now.",
        "And cakes?",
    ]
    assert len(claude_standin.requests) == 1


def test_a_tool_is_not_asked_about_after_a_person_has_joined(
    ann: User,
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    settings: Settings,
    quick_engine: None,
) -> None:
    settings.CHAT_BOTS = {"default": "tests.tool_bots.ConfirmBot"}
    answer = Answer("I can do that.", tool_use=[confirming.cancel()], hold_after=1)
    claude_standin.script(answer, "It is done.")
    visitor = live_visitor()
    reply, stream = visitor.begin("Cancel my order A-1042")
    staff_actions.join(Conversation.objects.get(), ann)
    claude_standin.release()
    assert not any("confirm" in event for event in parse(b"".join(stream)))
    use = ToolUse.objects.get()
    assert (use.state, use.decided_by) == ("declined", "a person who joined")
    assert "confirm" not in visitor.poll(reply)
    assert confirming.answer(visitor, reply, str(use.pk)).status_code == 409
    assert len(claude_standin.requests) == 1


def test_a_tool_that_waits_for_the_visitor_does_not_run_while_a_person_answers(
    ann: User, live_visitor: MakeVisitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": "tests.tool_bots.ConfirmBot"}
    visitor = live_visitor()
    reply, asked = confirming.begin(visitor, claude_standin)
    staff_actions.join(Conversation.objects.get(), ann)
    refused = confirming.answer(visitor, reply, asked["id"])
    assert (refused.status_code, refused.json()["error"]) == (409, "already_decided")
    assert ToolUse.objects.get(pk=asked["id"]).decided_by == "a person who joined"
    assert len(claude_standin.requests) == 1


def test_a_message_to_a_conversation_that_is_deleted_after_the_joining_is_sent_again() -> None:
    request = RequestFactory().post("/api/chat/")
    request.session = SessionStore()
    visit = read_visit(request)
    message = IncomingMessage("Are you a person?", sitechat.Chatbot())
    with pytest.raises(Overloaded):
        visitor_actions.deliver(visit, message, None)
