"""Tests that unknown names are reported with the most similar valid name."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.checks import run


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CHAT_MODLE", "CHAT_MODEL"),
        ("CHAT_Modle", "CHAT_MODEL"),
        ("CHAT_LIMIT", "CHAT_LIMITS"),
        ("CHAT_API_KEY", "ANTHROPIC_API_KEY"),
        ("CHAT_KEY", "ANTHROPIC_API_KEY"),
    ],
)
def test_a_wrong_name_is_told_the_nearest_right_one(
    settings: Settings, name: str, meant: str
) -> None:
    setattr(settings, name, "x")
    (message,) = run()
    assert f"Did you mean {meant}?" in str(message.hint)


@pytest.mark.parametrize(
    ("key", "meant"), [("titel", "title"), ("acent", "accent"), ("color", "accent")]
)
def test_a_wrong_key_of_the_widget_is_told_the_nearest_right_one(
    settings: Settings, key: str, meant: str
) -> None:
    settings.CHAT_WIDGET = {key: "#123"}
    (message,) = run()
    assert f"Did you mean {meant!r}?" in str(message.hint)
