"""Tests that the checks report invalid settings of any type and never raise exceptions."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.checks import run, upkeep
from sitechat.checks.deployment import DEPLOYMENT_CHECKS
from sitechat.conf import SETTINGS
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


@pytest.mark.parametrize("value", [None, 5, [], {"claude-opus-4-7": 5}, {"m": {"input": "x"}}])
def test_prices_that_can_not_be_understood_stop_no_chat(
    visitor: Visitor, settings: Settings, value: Any
) -> None:
    settings.CHAT_PRICES = value
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
