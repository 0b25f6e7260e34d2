"""Deployment checks for many visitors at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connection
from pytest_django import Settings

from sitechat.checks import concurrency
from sitechat.runtime.servers import CHAT_MIDDLEWARE

FIRST = [CHAT_MIDDLEWARE, "django.middleware.security.SecurityMiddleware"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ids(messages: Any) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("middleware", "warned"), [(FIRST, False), (FIRST[::-1], True), (FIRST[1:], True)]
)
def test_under_asgi_the_middleware_is_to_be_first(
    middleware: list[str], warned: bool, settings: Settings
) -> None:
    settings.ASGI_APPLICATION = "site.asgi.application"
    settings.MIDDLEWARE = middleware
    assert ids(concurrency.check_chat_middleware()) == ["sitechat.W013"] * warned


@pytest.mark.parametrize(("worker", "warned"), [("gthread", False), ("asgi", True)])
def test_gunicorn_says_how_the_site_is_served(
    worker: str, warned: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", f"--worker-class {worker}")
    settings.MIDDLEWARE = FIRST[1:]
    assert ids(concurrency.check_chat_middleware()) == ["sitechat.W013"] * warned


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_sqlite_is_to_wait_for_other_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    good: dict[str, Any] = {"timeout": 20}
    if django.VERSION >= (5, 1):
        good |= {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode = WAL;"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", good)
    assert ids(concurrency.check_sqlite()) == []
    for name in good:
        less = {key: value for key, value in good.items() if key != name}
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", less)
        [message] = concurrency.check_sqlite()
        assert message.id == "sitechat.W014"
        assert message.hint is not None
        assert f'"{name}"' in message.hint


@pytest.mark.skipif(connection.vendor == "sqlite", reason="about other databases")
def test_other_databases_take_writers_at_once() -> None:
    assert ids(concurrency.check_sqlite()) == []
