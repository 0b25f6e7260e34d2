"""Tests of staff and visitors who do something at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections
from pytest_django import Settings

from sitechat.models import Contact, Conversation, Delivery, Handoff, HandoffEntry, Message
from sitechat.people import staff_actions, staff_errors
from sitechat.standin import Standin
from tests.owner import talk
from tests.visitor import CHAT, MakeVisitor, Visitor

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

AT_ONCE = 5


@pytest.fixture
def conversation(transactional_db: None, settings: Settings) -> Conversation:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    return talk(("What do you sell?", "Bread."))


def at_once(works: list[Callable[[], object]]) -> list[Any]:
    """Do all at the same moment; return what each returned or raised."""
    ready = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            ready.wait(30)
            return work()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_one_of_many_colleagues_joins(conversation: Conversation) -> None:
    users = [User.objects.create_user(f"user{n}") for n in range(AT_ONCE)]
    results = at_once([partial(staff_actions.join, conversation, user) for user in users])
    joined = [result for result in results if isinstance(result, Handoff)]
    refused = [result for result in results if isinstance(result, staff_errors.NotYours)]
    assert (len(joined), len(refused)) == (1, AT_ONCE - 1), results
    assert HandoffEntry.objects.filter(kind="joined").count() == 1


def test_messages_of_both_sides_get_places_of_their_own(conversation: Conversation) -> None:
    ann = User.objects.create_user("ann")
    staff_actions.join(conversation, ann)
    results = at_once(
        [partial(staff_actions.send_message, conversation, ann, f"{n}") for n in range(AT_ONCE)]
    )
    positions = list(conversation.messages.values_list("position", flat=True))
    assert len(set(positions)) == 2 + AT_ONCE, results
    assert all(position % 2 for position in positions[2:])


def test_copies_of_a_request_wait_once(conversation: Conversation) -> None:
    visitor = Visitor()
    assert visitor.client.post(f"{CHAT}person/").status_code == 202
    visitor.client.delete(f"{CHAT}person/")
    results = at_once([lambda: visitor.client.post(f"{CHAT}person/")] * AT_ONCE)
    assert [response.status_code for response in results] == [202] * AT_ONCE
    assert HandoffEntry.objects.filter(kind="requested").count() == 2


def test_a_request_while_the_visitor_waits_does_not_count(
    conversation: Conversation, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"ip": ["2 messages/day"]}
    visitor, url = Visitor(), f"{CHAT}person/"
    for _ in range(4):
        response = visitor.client.post(url)
        assert (response.status_code, response.json()["person"]["state"]) == (202, "waiting")
    assert HandoffEntry.objects.count() == 1
    visitor.client.delete(url)
    assert visitor.client.post(url).status_code == 202
    visitor.client.delete(url)
    assert visitor.client.post(url).status_code == 429


def test_a_message_at_the_moment_of_joining_is_for_one_of_the_two(
    settings: Settings, live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    claude_standin.always("Bread.")
    visitor = live_visitor()
    visitor.ask("What do you sell?")
    ann = User.objects.create_user("ann")
    join = partial(staff_actions.join, Conversation.objects.get(), ann)
    joined, events = at_once([join, partial(visitor.ask, "And on Sundays?")])
    assert isinstance(joined, Handoff), joined
    assert events[-1] in ({"done": "person"}, {"done": "complete"})
    answers = 1 + (events[-1] == {"done": "complete"})
    assert len(claude_standin.requests) == answers
    assert Message.objects.filter(role="assistant").count() == answers
    assert Message.objects.filter(role="user").count() == 2


def test_copies_of_a_message_for_a_person_are_stored_once(conversation: Conversation) -> None:
    visitor = Visitor()
    assert visitor.client.post(f"{CHAT}person/").status_code == 202
    theirs = Conversation.objects.exclude(pk=conversation.pk).get()
    staff_actions.join(theirs, User.objects.create_user("ann"))
    statuses = []
    for _ in range(4):
        send = partial(visitor.send, "Hello?", id=str(uuid4()))
        statuses += [response.status_code for response in at_once([send] * AT_ONCE)]
    assert statuses == [200] * 4 * AT_ONCE
    assert theirs.messages.count() == 4


@pytest.mark.parametrize("has_session", [True, False])
def test_copies_of_a_contact_form_are_stored_once(
    conversation: Conversation, settings: Settings, *, has_session: bool
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"], "notify": ["sales@example.org"]}
    settings.CHAT_LIMITS = {"ip": ["3 messages/day"]}
    visitors = [Visitor() for _ in range(AT_ONCE)]
    url = f"{CHAT}contact/"
    if has_session:
        visitors = visitors[:1] * AT_ONCE
        visitors[0].post({"email": "first@example.com"}, url)
    for n in range(2):
        body = {"email": f"jane{n}@example.com"}
        results = at_once([partial(each.post, body, url) for each in visitors])
        assert [response.status_code for response in results] == [201] * AT_ONCE, results
        if not has_session:
            visitors = [Visitor() for _ in range(AT_ONCE)]
    assert Contact.objects.filter(email__startswith="jane").count() == 2
    assert Delivery.objects.filter(kind="mail").count() == Contact.objects.count()


def test_one_mail_a_minute_says_that_visitors_wait(
    settings: Settings, transactional_db: None
) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"], "email": "support@example.org"}
    url = f"{CHAT}person/"
    results = at_once([partial(Visitor().client.post, url) for _ in range(AT_ONCE)])
    assert [response.status_code for response in results] == [202] * AT_ONCE
    assert Delivery.objects.filter(event="person_requested", kind="mail").count() == 1
