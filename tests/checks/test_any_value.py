"""Tests that the checks report invalid settings of any type and never raise exceptions."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.checks import run, upkeep
from sitechat.checks.bots import ATTRIBUTES
from sitechat.checks.deployment import DEPLOYMENT_CHECKS
from sitechat.conf import SETTINGS
from sitechat.conversations.mcp_server_options import problem_of_server
from tests.visitor import Visitor

ODD: list[Any] = [
    *(None, 5, -1, 1.5, float("nan"), 10**400, True, object(), len),
    *("", "x", b"x", [], (1,), [None], {}, {None: None}, {"a": object()}, {"claude-opus-4-7": 5}),
]

FOR_DEPLOYMENT = [check for check in DEPLOYMENT_CHECKS if check is not upkeep.check_tables]
"""Without the check of the migrations, which is slow and reads no setting of the app."""


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_no_value_breaks_a_check(settings: Settings, name: str) -> None:
    for value in ODD:
        setattr(settings, name, value)
        deployment = [message for check in FOR_DEPLOYMENT for message in check()]
        assert all(message.hint for message in [*run(), *deployment])


SERVER = {"url": "https://example.org/", "headers": {}, "tools": ["a"], "read_only": ["a"]}


@pytest.mark.parametrize("key", sorted(SERVER))
def test_no_value_of_an_mcp_server_breaks_its_check(key: str) -> None:
    for value in [*ODD, "http://[", "https://a:x/"]:
        for odd in (value, [value], {"name": value}):
            problem = problem_of_server({**SERVER, key: odd})
            assert not problem or f'"{key}"' in problem


class OddBot(Chatbot):
    """A bot whose attributes the test sets."""


@pytest.mark.django_db
@pytest.mark.parametrize("attribute", sorted(ATTRIBUTES))
def test_no_attribute_of_a_bot_breaks_a_check(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.OddBot"}
    for value in [*ODD, ["low"]]:
        monkeypatch.setattr(OddBot, attribute, value, raising=False)
        deployment = [message for check in FOR_DEPLOYMENT for message in check()]
        assert all(message.hint for message in [*run(), *deployment])


@pytest.mark.parametrize("value", [*ODD, [["contact_requested"]], [5]])
def test_no_value_of_a_webhook_breaks_a_check(settings: Settings, value: Any) -> None:
    for key in ("url", "secret", "events", "allow_private"):
        entry = {"url": "https://example.org/hook/", "secret": 16 * "x", key: value}
        settings.CHAT_WEBHOOKS = [entry]
        assert all(message.hint for message in run())


@pytest.mark.parametrize("value", [None, 5, [], {"claude-opus-4-7": 5}, {"m": {"input": "x"}}])
def test_prices_that_can_not_be_understood_stop_no_chat(
    visitor: Visitor, settings: Settings, value: Any
) -> None:
    settings.CHAT_PRICES = value
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
