"""Tests that invalid API keys are reported but never shown."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.checks import run

REAL = "sk-ant-api03-Qm9ndXMta2V5LWZvci10ZXN0cy1vZi10aGUtY2hlY2tz-AbCdEf_0123456789AA"


@pytest.fixture(autouse=True)
def _no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("key", [REAL, "sk-test", "stand-in"])
def test_what_may_be_a_key_is_let_alone(settings: Settings, key: str) -> None:
    settings.ANTHROPIC_API_KEY = key
    assert run() == []


@pytest.mark.parametrize(
    ("key", "flaw"),
    [
        (f"{REAL}\n", "line break"),
        (f" {REAL}", "white space"),
        (f"{REAL}\r", "line break"),
        (f"\ufeff{REAL}", "not ASCII"),
        (f"{REAL[:30]} {REAL[30:]}", "contains white space"),
        (f"{REAL[:30]}\n{REAL[30:]}", "contains white space"),
        (f'"{REAL}"', "quotation marks"),
        (f"'{REAL}'", "quotation marks"),
        (f"Bearer {REAL}", "Bearer"),
        (f"{REAL}\u200b", "not ASCII"),
        (f"{REAL}\x00", "not ASCII"),
    ],
)
def test_a_key_that_can_not_be_sent(settings: Settings, key: str, flaw: str) -> None:
    settings.ANTHROPIC_API_KEY = key
    (message,) = run()
    assert message.id == "sitechat.E021"
    assert flaw in message.msg
    assert "in the settings" in message.msg
    assert REAL[20:30] not in f"{message.msg} {message.hint}"


@pytest.mark.parametrize(
    "key",
    [
        *("sk-ant-...", "sk-ant-api03-xxxxxxxxxxxxxxxxxxxx", "your-api-key", "YOUR_API_KEY"),
        *("<your key>".replace(" ", "-"), "${ANTHROPIC_API_KEY}", "{{key}}", "changeme", "None"),
        *("paste-key-here", "sk-ant-example", "replace-me", "ANTHROPIC_API_KEY", "sk-ant-****"),
        *("xxx", "test", "dummy"),
    ],
)
def test_a_placeholder(settings: Settings, key: str) -> None:
    settings.ANTHROPIC_API_KEY = key
    (message,) = run()
    assert message.id == "sitechat.W021"
    assert "placeholder" in message.msg


@pytest.mark.parametrize(
    ("key", "reason"),
    [("sk-proj-0123456789abcdef", "another service"), ("sk-ant-admin01-0123456789", "admin key")],
)
def test_a_key_of_something_else(settings: Settings, key: str, reason: str) -> None:
    settings.ANTHROPIC_API_KEY = key
    (message,) = run()
    assert message.id == "sitechat.W021"
    assert reason in message.msg
    assert key not in message.msg


def test_a_key_of_the_environment_is_looked_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    del settings.ANTHROPIC_API_KEY
    monkeypatch.setenv("ANTHROPIC_API_KEY", f"{REAL}\n")
    (message,) = run()
    assert "ANTHROPIC_API_KEY (in the environment)" in message.msg
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "a token")
    (message,) = run()
    assert "ANTHROPIC_AUTH_TOKEN (in the environment)" in message.msg


def test_another_server_may_take_any_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANTHROPIC_API_KEY = "placeholder"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    assert run() == []
