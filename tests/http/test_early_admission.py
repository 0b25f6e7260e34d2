"""Tests that messages of clients in a loop are refused before any work."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from pytest_django import Settings

from sitechat.http import refusal_delay
from sitechat.models import Conversation
from tests.asgi_site import AsgiAnswer, AsgiCall
from tests.smaller import Smaller
from tests.visitor import CHAT, MakeVisitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

MIDDLEWARE = "sitechat.middleware.ChatMiddleware"
HELLO = b'{"message": "Hi"}'


@pytest.fixture(params=[True, False], ids=["middleware", "view"], autouse=True)
def _middleware(request: pytest.FixtureRequest, settings: Settings, smaller: Smaller) -> None:
    smaller(refusal_delay, DELAY=0.0)
    if request.param:
        settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]


def posts_under_asgi(count: int) -> list[AsgiAnswer]:
    async def main() -> list[AsgiAnswer]:
        site = ASGIHandler()
        return [await AsgiCall("POST", CHAT, HELLO).answer(site) for _ in range(count)]

    return async_to_sync(main)()


def assert_one_was_refused(answers: list[Any]) -> None:
    *allowed, refused = answers
    assert [answer.status_code for answer in allowed] == [200, 200]
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert int(refused["Retry-After"]) == refused.json()["retry_after"] >= 1
    assert Conversation.objects.count() == 2


def test_too_many_messages_are_refused_and_counted_once_under_asgi(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"messages_of_address": 2}
    assert_one_was_refused(posts_under_asgi(3))


def test_too_many_messages_are_refused_and_counted_once_under_wsgi(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = {"messages_of_address": 2}
    assert_one_was_refused([live_visitor().send("Hello") for _ in range(3)])


def test_messages_of_a_session_are_limited(live_visitor: MakeVisitor, settings: Settings) -> None:
    settings.CHAT_READ_LIMITS = {"messages_of_session": 1}
    visitor, other = live_visitor(), live_visitor()
    visitor.ask("Hello")  # creates the session
    assert visitor.send("Hello").status_code == 200
    assert visitor.send("Hello").status_code == 429
    assert other.send("Hello").status_code == 200


def test_the_view_reports_limits_that_are_not_valid(
    live_visitor: MakeVisitor, settings: Settings
) -> None:
    settings.CHAT_READ_LIMITS = 5
    [answer] = posts_under_asgi(1)
    assert (answer.status_code, answer.json()["error"]) == (503, "not_configured")
    assert live_visitor().send("Hello").status_code == 503
    assert live_visitor().client.get(CHAT).status_code == 503
