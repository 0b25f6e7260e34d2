"""Tests of a turn's rows: limits, and one reply at a time, with concurrent messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

import sitechat
from sitechat.engine.event_loop import running
from sitechat.http.visit_reader import read_visit
from sitechat.models import Conversation, Counter, Message, Role, Status
from sitechat.standin import Answer, Standin
from tests.interleave import after_query
from tests.thread_limit import no_new_threads
from tests.visitor import UUID, MakeVisitor, Visitor, events_of, text_of, value_of

pytestmark = pytest.mark.database


# Limits


looks_first = pytest.mark.skipif(
    connection.vendor == "mysql", reason="there a look at the limits is a read too many"
)


def searches(send: Callable[[], object]) -> bool:
    """Return whether passages of the site's pages are read while a message is sent."""
    with CaptureQueriesContext(connection) as queries:
        send()
    return any("sitechat_passage" in query["sql"] for query in queries)


@looks_first
@pytest.mark.parametrize("limits", [{"ip": ["1 messages/day"]}, {"site": ["0.001 usd/month"]}])
def test_whom_the_limits_refuse_costs_no_search(
    limits: dict[str, list[str]],
    visitor: Visitor,
    claude_standin: Standin,
    settings: Settings,
    help_pages: None,
) -> None:
    settings.CHAT_LIMITS = {"ip": ["60 messages/day"]}
    assert searches(lambda: visitor.ask("When do you deliver parcels?"))
    settings.CHAT_LIMITS = limits
    before = [Message.objects.count(), Conversation.objects.count(), len(claude_standin.requests)]
    answered: list[Any] = []
    assert not searches(lambda: answered.append(Visitor().send("When do you deliver parcels?")))
    [refused] = answered
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert not refused.cookies
    after = [Message.objects.count(), Conversation.objects.count(), len(claude_standin.requests)]
    assert after == before


def test_a_copy_that_comes_when_the_last_place_is_taken_follows_the_reply(
    visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"ip": ["1 messages/day"]}
    first: list[dict[str, Any]] = []

    def looks_up(sql: str) -> bool:
        return sql.startswith("SELECT") and "sitechat_conversation" in sql

    with after_query(looks_up, lambda: first.extend(Visitor().ask("Hello", id=UUID))):
        copy = visitor.ask("Hello", id=UUID)
    assert value_of(copy, "reply") == value_of(first, "reply")
    assert visitor.send("Hello", id=str(uuid.uuid4())).status_code == 429


class Slow(sitechat.Chatbot):
    """A bot that queries the database before each message."""

    def context(self, request: HttpRequest) -> str:
        raise AssertionError("asked for a visitor who is refused")


@looks_first
def test_whom_the_limits_refuse_costs_no_look_by_the_sites_own_bot(
    visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Slow"}
    settings.CHAT_LIMITS = {"site": ["0.001 usd/month"]}
    assert visitor.send("Hello").status_code == 429


@pytest.mark.parametrize("free", [0, 1])
def test_replies_that_other_processes_write_to_an_address_take_its_places(
    visitor: Visitor, settings: Settings, free: int
) -> None:
    settings.CHAT_LIMITS = {"ip": ["24 messages/day"]}  # 4 replies at once
    request = RequestFactory().get("/")
    request.session = SessionStore()
    address = read_visit(request).visitor.ip
    for place in range(4 - free):
        Message.objects.create(
            conversation=Conversation.objects.create(bot="default"),
            position=1,
            role=Role.ASSISTANT,
            status=Status.RUNNING,
            slot=f"{address}:{place}",
        )
    response = visitor.send("Hello")
    assert response.status_code == (200 if free else 429)
    assert [counter.spent for counter in Counter.objects.filter(spent__gt=0)] == [1] * free


# One reply at a time


@pytest.mark.django_db(transaction=True)
def test_a_conversation_has_one_reply_at_a_time(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("One two", hold_after=1))
    visitor = live_visitor()
    reply, rest = visitor.begin("Hello", id=UUID)
    response = visitor.send("Impatient")
    data = response.json()
    assert (response.status_code, data["error"], data["reply"]) == (409, "busy", reply)
    assert data["retryable"] is True
    assert visitor.history()["running"] == reply
    assert Message.objects.count() == 2

    again = visitor.send("Hello", id=UUID)  # a retry is no second message
    claude_standin.release()
    assert text_of(events_of(again)) == "One two"
    assert b"[DONE]" in b"".join(rest)
    assert visitor.history()["running"] is None
    assert visitor.send("Now?").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_other_visitors_are_not_busy(live_visitor: MakeVisitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer("One two", hold_after=1), "Hi")
    live_visitor().begin("Hello")
    claude_standin.wait_for(lambda records: any(record.held for record in records))
    assert text_of(live_visitor().ask("Hello")) == "Hi"


@pytest.mark.django_db(transaction=True)
def test_any_error_releases_what_a_message_has_reserved_in_the_cache(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_LEDGER = "sitechat.ledger.CacheLedger"
    settings.CHAT_LIMITS = {"session": ["1 messages/month"]}
    claude_standin.always("Hi.")
    visitor.client.raise_request_exception = False

    def wrapper(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT") and "sitechat_message" in sql:
            raise ZeroDivisionError
        return execute(sql, *arguments)

    with connection.execute_wrapper(wrapper):
        assert visitor.send("Hello").status_code == 503
    assert value_of(visitor.ask("Hello"), "done") == "complete"


@pytest.mark.django_db(transaction=True)
def test_a_message_that_no_thread_can_answer_leaves_nothing(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    visitor = live_visitor()
    visitor.ask("Hello")
    with running.renewed(), no_new_threads():
        response = visitor.send("How are you?", id=UUID)
    assert (response.status_code, response.json()["error"]) == (503, "overloaded")
    assert Message.objects.count() == 2
    assert value_of(visitor.ask("How are you?", id=UUID), "done") == "complete"
