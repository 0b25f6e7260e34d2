"""Tests of messages refused by limits: errors for visitors, and signals and logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

import sitechat
from sitechat.models import Conversation
from sitechat.signals import budget_reached, limit_reached
from sitechat.standin import Answer, Standin
from tests.visitor import MakeVisitor, Visitor, events_of, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Return the limits for which a signal was sent, always outside of transactions."""
    limits: list[str] = []

    def hear(limit: Any, **kwargs: Any) -> None:
        assert not connection.in_atomic_block
        limits.append(str(limit))

    for signal in (limit_reached, budget_reached):
        signal.connect(hear)
    yield limits
    for signal in (limit_reached, budget_reached):
        signal.disconnect(hear)


class Own(sitechat.Chatbot):
    """A site's own bot, which is called after the check of limits."""


def refused(visitor: Visitor) -> tuple[str, int]:
    """Return the code of an error and the seconds to wait."""
    response = visitor.send("Hello")
    data = response.json()
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) == data["retry_after"]
    return data["error"], data["retry_after"]


def test_a_budget_that_a_running_reply_holds_is_no_news(
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    settings: Settings,
    heard: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.CHAT_LIMITS = {"site": ["0.05 usd/month"]}
    claude_standin.script(Answer("One two", hold_after=1), "Hi")
    _reply, rest = live_visitor().begin("Count")
    with caplog.at_level(logging.INFO, "sitechat"):
        code, seconds = refused(live_visitor())
        assert code == "rate_limited"
        assert 0 < seconds < 60
        assert not [record for record in caplog.records if record.name.startswith("sitechat")]
    claude_standin.release()
    assert b'{"done": "complete"}' in b"".join(rest)
    assert text_of(live_visitor().ask("Hello")) == "Hi"
    assert heard == []


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"site": ["0.01 usd/month"]}, "budget_exhausted"),
        ({"ip": ["10 tokens/day"]}, "rate_limited"),
    ],
)
@pytest.mark.parametrize("bot", ["sitechat.Chatbot", f"{__name__}.Own"])
def test_a_limit_that_never_has_room_is_reported_once(
    limits: dict[str, list[str]],
    code: str,
    bot: str,
    live_visitor: MakeVisitor,
    settings: Settings,
    heard: list[str],
) -> None:
    settings.CHAT_BOTS = {"default": bot}
    settings.CHAT_LIMITS = limits
    for _ in range(3):
        assert refused(live_visitor())[0] == code
    assert [heard] == [*limits.values()]
    assert not Conversation.objects.exists()


def test_a_limit_that_is_reached_is_reported_once_its_refusal_is_saved(
    live_visitor: MakeVisitor, claude_standin: Standin, settings: Settings, heard: list[str]
) -> None:
    settings.CHAT_LIMITS = {"session": ["2 messages/month"]}
    visitor = live_visitor()
    for _ in range(2):
        events_of(visitor.send("Hello"))
    for _ in range(3):
        assert refused(visitor)[0] == "rate_limited"
    assert heard == ["2 messages/month"]
