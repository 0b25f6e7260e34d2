"""Tests of staff and visitors who do something at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from pytest_django import Settings

from sitechat.models import Conversation, Handoff, HandoffEntry, Message
from sitechat.people import staff
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
    results = at_once([partial(staff.join, conversation, user) for user in users])
    joined = [result for result in results if isinstance(result, Handoff)]
    refused = [result for result in results if isinstance(result, staff.NotYours)]
    assert (len(joined), len(refused)) == (1, AT_ONCE - 1), results
    assert HandoffEntry.objects.filter(kind="joined").count() == 1


def test_messages_of_both_sides_get_places_of_their_own(conversation: Conversation) -> None:
    ann = User.objects.create_user("ann")
    staff.join(conversation, ann)
    results = at_once([partial(staff.say, conversation, ann, f"{n}") for n in range(AT_ONCE)])
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


def test_a_message_at_the_moment_of_joining_is_for_one_of_the_two(
    settings: Settings, live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    claude_standin.always("Bread.")
    visitor = live_visitor()
    visitor.ask("What do you sell?")
    ann = User.objects.create_user("ann")
    join = partial(staff.join, Conversation.objects.get(), ann)
    joined, events = at_once([join, partial(visitor.ask, "And on Sundays?")])
    assert isinstance(joined, Handoff), joined
    assert events[-1] in ({"done": "person"}, {"done": "complete"})
    answers = 1 + (events[-1] == {"done": "complete"})
    assert len(claude_standin.requests) == answers
    assert Message.objects.filter(role="assistant").count() == answers
    assert Message.objects.filter(role="user").count() == 2
