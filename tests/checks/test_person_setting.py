"""Tests that the check of CHAT_PERSON reports what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.checks import run


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"email": "support@example.org"},
        {
            "email": ["a@example.org", "b@example.org"],
            "hours": ["Mon-Fri 09:00-17:00", "Sat 10:00-12:00"],
            "timezone": "Europe/Berlin",
            "names": {"annab": "Ann"},
            "idle_minutes": 5,
        },
        {"names": ["Ann", "Ben"], "hours": "Mon-Sun 00:00-24:00"},
    ],
)
def test_valid_values_are_silent(value: dict[str, Any], settings: Settings) -> None:
    settings.CHAT_PERSON = value
    assert run() == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "Write a dictionary"),
        ({"mail": "a@example.org"}, "Did you mean 'email'?"),
        ({"email": "nobody"}, "not an e-mail address"),
        ({"email": "a@example.org\nBcc: b@example.org"}, "not an e-mail address"),
        ({"email": []}, "no address"),
        ({"hours": "Mon-Fri 9-17"}, "not a time"),
        ({"hours": 5}, "not a text"),
        ({"timezone": "Mars/Olympus"}, "no such time zone"),
        ({"timezone": None}, "no such time zone"),
        ({"names": "Ann"}, "no name"),
        ({"names": {"ann": ""}}, "not a name"),
        ({"names": ["A" * 65]}, "more than 64"),
        ({"idle_minutes": 0}, "number of minutes"),
        ({"idle_minutes": True}, "number of minutes"),
        ({"idle_minutes": "10"}, "number of minutes"),
    ],
    ids=str,
)
def test_invalid_values_are_errors(value: object, words: str, settings: Settings) -> None:
    settings.CHAT_PERSON = value
    [error] = run()
    assert error.id == "sitechat.E013"
    assert words in f"{error.msg} {error.hint}"
