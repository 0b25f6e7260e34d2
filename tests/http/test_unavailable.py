"""Tests without the database or the ledger: visitors get a 503 with Retry-After, never a 500."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from sitechat.models import Message
from sitechat.standin import Standin
from tests.visitor import CHAT, MakeVisitor, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
           "LOCATION": "127.0.0.1:1"}  # fmt: skip


@pytest.fixture
def visitor(live_visitor: MakeVisitor) -> Visitor:
    """A visitor with a conversation."""
    visitor = live_visitor()
    visitor.ask("Hello")
    return visitor


@pytest.fixture
def no_ledger(visitor: Visitor, settings: Settings) -> None:
    """The ledger's cache is out of reach."""
    settings.CACHES = {"default": settings.CACHES["default"], "elsewhere": NOWHERE}
    settings.CHAT_LEDGER = "tests.http.ledger_elsewhere.Elsewhere"
    settings.CHAT_LIMITS = {"ip": ["60 messages/day"]}


@pytest.fixture
def no_database(visitor: Visitor) -> Iterator[None]:
    """Every statement fails."""

    def fail(*args: Any) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(fail):
        yield


def assert_overloaded(response: Any) -> None:
    assert response.status_code == 503
    answer = response.json()
    assert answer["error"] == "overloaded"
    assert int(response["Retry-After"]) == answer["retry_after"] >= 1


@pytest.mark.usefixtures("no_ledger")
def test_without_the_ledger_messages_are_refused_and_conversations_shown(
    visitor: Visitor, claude_standin: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    asked = len(claude_standin.requests)
    assert_overloaded(visitor.send("Again"))
    assert visitor.texts()[0] == "Hello"
    assert "The ledger does not answer" in caplog.text
    assert len(claude_standin.requests) == asked
    assert Message.objects.count() == 2


CALLS: dict[str, Callable[[Visitor], Any]] = {
    "send": lambda visitor: visitor.send("Again"),
    "show": lambda visitor: visitor.client.get(CHAT),
    "list": lambda visitor: visitor.client.get(f"{CHAT}conversations/"),
    "forget": lambda visitor: visitor.forget(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.usefixtures("no_database")
def test_without_the_database_visitors_get_a_retry_after(call: str, visitor: Visitor) -> None:
    assert_overloaded(CALLS[call](visitor))


def test_showing_a_conversation_without_a_session_needs_at_most_one_statement(
    live_visitor: MakeVisitor, django_assert_max_num_queries: Any
) -> None:
    visitor = live_visitor()
    visitor.client.get(CHAT)
    with django_assert_max_num_queries(1):
        assert visitor.client.get(CHAT).status_code == 200
