"""Tests of conversations that are deleted between reading and writing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from pytest_django import Settings

import sitechat
from sitechat.models import Conversation, Message, Status, Usage
from sitechat.signals import reply_finished
from sitechat.standin import Answer, Standin
from tests.interleave import after_query
from tests.visitor import MakeVisitor, Visitor, reply_url, text_of, value_of
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

deletes = False


class Deleting(sitechat.Chatbot):
    """A bot that deletes the conversation during its preparations."""

    def context(self, request: HttpRequest) -> str:
        if deletes:
            Conversation.objects.all().delete()
        return ""


@pytest.fixture
def deleting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CHAT_BOTS = {"default": f"{__name__}.Deleting"}
    yield
    monkeypatch.undo()


def test_none_of_its_text_is_sent(
    deleting: None,
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claude_standin.script("A secret answer.", "Hello.")
    visitor = live_visitor()
    visitor.ask("A secret question")
    monkeypatch.setattr(f"{__name__}.deletes", True)
    assert text_of(visitor.ask("Are you there?")) == "Hello."
    sent = json.dumps(claude_standin.requests[-1].body)
    assert "secret" not in sent
    assert "Are you there?" in sent
    assert visitor.texts() == ["Are you there?", "Hello."]


def test_no_round_of_tools_follows(
    live_visitor: MakeVisitor, claude_standin: Standin, help_pages: None, quick_engine: None
) -> None:
    """Delete the conversation while Claude calls a tool."""
    ask = Answer(tool_use=[{"name": "search_site", "input": {"query": "parcels"}}], hold_after=1)
    claude_standin.script(ask, "Three days.")
    live_visitor().begin("When?")
    claude_standin.wait_for(lambda records: any(record.held for record in records))
    Message.objects.all().delete()
    claude_standin.release()
    until(Usage.objects.exists)
    assert len(claude_standin.requests) == 1


@pytest.fixture
def rejected_inserts(transactional_db: None) -> Iterator[None]:
    """Let the database count and reject replies."""
    if connection.vendor != "sqlite":
        pytest.skip("triggers are written differently elsewhere")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER rejects BEFORE INSERT ON sitechat_message"
            " WHEN NEW.role = 'assistant' BEGIN SELECT RAISE(ABORT, 'rejected'); END"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER rejects")


def test_rows_that_break_another_rule_than_that_of_the_slots_are_not_tried_often(
    live_visitor: MakeVisitor, rejected_inserts: None
) -> None:
    tries: list[str] = []

    def count(execute: object, sql: str, params: object, many: bool, context: object) -> object:
        if sql.startswith("INSERT INTO") and "sitechat_message" in sql:
            tries.append(sql)
        return execute(sql, params, many, context)  # type: ignore[operator]

    visitor = live_visitor()
    visitor.client.raise_request_exception = False
    with connection.execute_wrapper(count):
        assert visitor.send("Hello").status_code == 500
    assert 1 <= len(tries) <= 2
    assert not Message.objects.exists()


def delete_all() -> None:
    Conversation.objects.all().delete()


def delete_once(**_signal: object) -> None:
    """Delete all conversations at the first signal."""
    reply_finished.disconnect(delete_once)
    delete_all()


def asks_to_stop(sql: str) -> bool:
    return sql.startswith("UPDATE") and "stop_at" in sql


def finds_reply(sql: str) -> bool:
    return sql.startswith("SELECT") and "sitechat_message" in sql


def test_a_stop_of_another_process_reply_finds_nothing(visitor: Visitor) -> None:
    reply = value_of(visitor.ask("Hello"), "reply")
    Message.objects.filter(pk=reply).update(status=Status.RUNNING, updated=timezone.now())
    with after_query(asks_to_stop, delete_all):
        response = visitor.stop(reply)
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_a_reader_finds_nothing(visitor: Visitor) -> None:
    reply = value_of(visitor.ask("Hello"), "reply")
    with after_query(finds_reply, delete_all):
        response = visitor.client.get(reply_url(reply))
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_a_message_after_a_lost_reply_begins_another_conversation(
    visitor: Visitor, claude_standin: Standin
) -> None:
    """Delete the conversation when the lost reply in it is ended."""
    claude_standin.script("A secret answer.", "Hello.")
    visitor.ask("A secret question")
    row = Message.objects.filter(status=Status.COMPLETE)
    long_ago = timezone.now() - timedelta(hours=1)
    reserved = {"claims": [], "model": "m", "dollars": "0.5"}
    row.update(status=Status.RUNNING, process=None, updated=long_ago, reserved=reserved)
    reply_finished.connect(delete_once)
    assert text_of(visitor.ask("Are you there?")) == "Hello."
    assert "secret" not in json.dumps(claude_standin.requests[-1].body)
    assert visitor.texts() == ["Are you there?", "Hello."]
