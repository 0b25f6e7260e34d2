"""Tests of contact forms that are sent again: a copy is stored once, a different form twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Contact
from sitechat.standin import Standin
from tests.http.test_contact_views import leave
from tests.visitor import Visitor

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def form(settings: Settings, claude_standin: Standin) -> None:
    settings.CHAT_CONTACT = {"fields": ["email", "name", "message"], "consent": "You may write."}
    claude_standin.always("Hi")


def test_the_same_form_again_is_a_retry(visitor: Visitor) -> None:
    assert [leave(visitor).status_code for _ in range(3)] == [201, 201, 201]
    assert Contact.objects.count() == 1
    leave(visitor, message="One more thing")
    Contact.objects.update(created=timezone.now() - timedelta(minutes=11))
    leave(visitor)
    assert Contact.objects.count() == 3


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ANN"},
        {"message": "Wann? "},
        {"message": "Grusse"},
        {"page": {"url": "/prices/"}},
    ],
)
def test_a_form_with_anything_different_is_stored(visitor: Visitor, change: dict[str, Any]) -> None:
    leave(visitor, message="Grüße")
    leave(visitor, **{"message": "Grüße", **change})
    assert Contact.objects.count() == 2


def test_the_same_form_of_another_visitor_is_stored(visitor: Visitor) -> None:
    other = Visitor()
    for each in (visitor, other):
        leave(each, message="Something else", name=str(id(each)))
        leave(each)
    assert Contact.objects.filter(message="").count() == 2
    visitor.ask("Hello")
    assert Contact.objects.exclude(conversation=None).count() == 1


def test_the_same_form_without_a_session_is_a_retry_if_it_has_the_same_address(
    visitor: Visitor,
) -> None:
    leave(visitor)
    leave(Visitor())  # the response with the session was lost
    assert Contact.objects.count() == 1
    elsewhere = Visitor()
    elsewhere.client = Client(REMOTE_ADDR="192.0.2.7")
    leave(elsewhere)
    assert Contact.objects.count() == 2


def test_the_same_form_from_another_conversation_is_stored(visitor: Visitor) -> None:
    for each in (visitor, Visitor()):
        each.ask("Hello")
        leave(each)
        leave(each)
    assert Contact.objects.count() == 2
    assert Contact.objects.values("conversation").distinct().count() == 2
