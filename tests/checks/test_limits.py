"""Tests that limits too small for a message are reported with the required amount."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

import sitechat
from sitechat.checks import run
from sitechat.standin import Standin
from tests.visitor import Visitor


class LongBot(sitechat.Chatbot):
    max_tokens = 50_000


@pytest.mark.parametrize(
    ("limits", "too_small"),
    [
        ({"session": ["500 tokens/day"]}, ["500 tokens/day"]),
        ({"site": ["0.001 usd/day"]}, ["0.001 usd/day"]),
        ({"ip": ["1000 tokens/hour"], "user": ["1 tokens/month"]}, ["1000 tokens", "1 tokens"]),
        ({"session": ["1 messages/day"]}, []),
        ({"session": ["100000 tokens/day"], "site": ["20 usd/day"]}, []),
        ({}, []),
    ],
)
def test_limits_that_are_too_small(settings: Settings, limits: Any, too_small: list[str]) -> None:
    settings.CHAT_LIMITS = limits
    found = run()
    assert [message.id for message in found] == ["sitechat.E022"] * len(too_small)
    for message, limit in zip(found, too_small, strict=True):
        assert f'"{limit}' in message.msg


def test_it_depends_on_the_model_and_its_tokens(settings: Settings) -> None:
    settings.CHAT_LIMITS = {"site": ["0.01 usd/day"]}
    assert [message.id for message in run()] == ["sitechat.E022"]
    settings.CHAT_MODEL = "claude-haiku-5-5"
    assert run() == []
    settings.CHAT_LIMITS = {"session": ["40000 tokens/day"]}
    settings.CHAT_BOTS = {
        "default": "sitechat.Chatbot",
        "long": "tests.checks.test_limits.LongBot",
    }
    (message,) = run()
    assert "'long'" in message.msg


@pytest.mark.parametrize("unit", ["tokens", "usd"])
def test_the_amount_of_the_hint_takes_a_message(
    settings: Settings, visitor: Visitor, claude_standin: Standin, unit: str
) -> None:
    settings.CHAT_LIMITS = {"site": [f"0.01 {unit}/day" if unit == "usd" else "5 tokens/day"]}
    (message,) = run()
    assert visitor.send("?").status_code == 429
    settings.CHAT_LIMITS = {"site": [str(message.hint).split('"')[1]]}
    assert run() == []
    assert visitor.send("?").status_code == 200


def test_wrong_entries_are_named_first(settings: Settings) -> None:
    settings.CHAT_LIMITS = {"site": ["1 tokens/day", "20 dollars/day"]}
    assert [message.id for message in run()] == ["sitechat.E003"]
