"""Tests of the chat before `migrate`: an error for visitors, and instructions in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

import sitechat
from sitechat.http.error_responses import error_response
from sitechat.runtime.daemon_threads import PoolFull
from sitechat.runtime.request_steps import InlineSteps, run_inline
from sitechat.standin import Standin
from tests.visitor import CHAT, UUID, MakeVisitor, Visitor, reply_url

pytestmark = pytest.mark.database


class AsksNowhere(sitechat.Chatbot):
    """A site's own bot with an SQL error."""

    def context(self, request: HttpRequest) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT plan FROM a_table_of_no_app")
        return ""


def assert_not_configured(response: Any) -> None:
    assert response.status_code == 503
    assert response.json()["error"] == "not_configured"


def test_a_message_before_the_first_migrate_is_refused(
    unmigrated: None, claude_standin: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor()
    assert_not_configured(visitor.send("Hello?"))
    assert "run `manage.py migrate`" in caplog.text
    assert_not_configured(visitor.client.get(CHAT))
    assert visitor.client.get(reply_url(UUID)).status_code == 404
    assert visitor.forget().status_code == 204
    assert not claude_standin.requests


def test_a_visitor_with_a_session_is_refused_before_a_later_migrate(
    live_visitor: MakeVisitor, request: pytest.FixtureRequest
) -> None:
    visitor = live_visitor()
    visitor.ask("Hello?")
    reply = visitor.history()["messages"][1]["id"]
    request.getfixturevalue("unmigrated")
    assert_not_configured(visitor.send("Hello?"))
    assert_not_configured(visitor.client.get(CHAT))
    assert_not_configured(visitor.client.get(reply_url(reply)))
    assert_not_configured(visitor.stop(reply))
    assert_not_configured(visitor.rate(reply, rating=1))
    assert_not_configured(visitor.forget())


def test_a_missing_table_of_the_site_is_not_mistaken_for_a_missing_migration(
    live_visitor: MakeVisitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_BOTS = {"default": "tests.http.test_unmigrated.AsksNowhere"}
    visitor = live_visitor()
    visitor.client.raise_request_exception = False
    response = visitor.send("Hello?")
    assert response.status_code == 500
    assert response.json()["error"] == "server_error"
    assert "a_table_of_no_app" in caplog.text
    assert "manage.py migrate" not in caplog.text


class FullSteps(InlineSteps):
    """Steps of a process whose request pool is full."""

    async def run(self, step: Callable[[], Any]) -> Any:
        raise PoolFull


def test_a_full_pool_while_the_cause_is_looked_up_is_an_overload() -> None:
    error = OperationalError("no such table: sitechat_conversation")
    request = RequestFactory().get(CHAT)
    response = run_inline(error_response(request, FullSteps(), error))
    assert (response.status_code, response["Retry-After"]) == (503, "1")


@pytest.mark.django_db
def test_a_lost_connection_while_the_cause_is_looked_up_is_no_further_error() -> None:
    def lose(*_statement: Any) -> Any:
        raise InterfaceError("connection already closed")

    error = OperationalError("no such table: sitechat_conversation")
    with connection.execute_wrapper(lose):
        response = run_inline(error_response(RequestFactory().get(CHAT), InlineSteps(), error))
    assert response.status_code == 503
    assert b"not_configured" in response.content
