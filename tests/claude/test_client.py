"""Tests of the client of Claude, which is created once per event loop when needed."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import Any

import anthropic
import pytest
from pytest_django import Settings

from sitechat import claude
from sitechat.claude.client import preparation
from sitechat.claude.messages import messages
from sitechat.claude.request import Request
from sitechat.errors import ReplyError
from sitechat.standin import Answer, Standin
from tests.thread_limit import no_new_threads
from tests.visitor import Visitor
from tests.waiting import until


def test_a_loop_keeps_its_client_until_the_settings_change(settings: Settings) -> None:
    async def main() -> None:
        try:
            one = await claude.current_client()
            assert await claude.current_client() is one
            settings.ANTHROPIC_API_KEY = "sk-other"
            assert await claude.current_client() is not one
        finally:
            await claude.close_client()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "value", "header"),
    [
        ("ANTHROPIC_AUTH_TOKEN", "another", ("Authorization", "Bearer another")),
        ("ANTHROPIC_CUSTOM_HEADERS", "X-Team: shop", ("X-Team", "shop")),
    ],
)
def test_a_changed_variable_of_the_sdk_replaces_the_client(
    name: str,
    value: str,
    header: tuple[str, str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.ANTHROPIC_API_KEY = None
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token")

    async def main() -> None:
        try:
            await claude.current_client()
            monkeypatch.setenv(name, value)
            client = await claude.current_client()
            assert header in {**client.default_headers, **client.auth_headers}.items()
        finally:
            await claude.close_client()

    asyncio.run(main())


def test_two_loops_share_no_client() -> None:
    async def client() -> Any:
        try:
            return await claude.current_client()
        finally:
            await claude.close_client()

    assert asyncio.run(client()) is not asyncio.run(client())


def test_a_loop_that_has_ended_is_released() -> None:
    async def client() -> None:
        await claude.current_client()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(client())
    loop.close()
    ended = weakref.ref(loop)
    del loop
    asyncio.run(client())
    gc.collect()
    assert ended() is None


@pytest.mark.parametrize(
    ("level", "expected"), [(logging.NOTSET, logging.INFO), (logging.DEBUG, logging.DEBUG)]
)
def test_questions_stay_out_of_the_log(
    level: int,
    expected: int,
    visitor: Visitor,
    claude_standin: Standin,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Check that the SDK logs whole requests only if the site enables its DEBUG level."""
    root, sdk = logging.getLogger(), logging.getLogger("anthropic")
    before = sdk.level
    sdk.setLevel(level)
    try:
        caplog.set_level(logging.DEBUG)
        root.setLevel(logging.DEBUG)
        visitor.ask("Where is my purple umbrella?")
        assert sdk.level == expected
        assert ("umbrella" in caplog.text) == (level == logging.DEBUG)
    finally:
        sdk.setLevel(before)


@pytest.mark.parametrize(
    ("changes", "environment", "configured"),
    [
        ({}, {}, False),
        ({"ANTHROPIC_API_KEY": "sk"}, {}, True),
        ({"CHAT_CLIENT": "tests.claude.test_client.compatible_client"}, {}, True),
        ({}, {"ANTHROPIC_API_KEY": "sk"}, True),
        ({}, {"ANTHROPIC_AUTH_TOKEN": "token"}, True),
    ],
)
def test_whether_there_is_a_way_to_claude(
    changes: dict[str, str],
    environment: dict[str, str],
    configured: bool,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.ANTHROPIC_API_KEY = None
    for name, value in changes.items():
        setattr(settings, name, value)
    assert claude.configured() is configured


def compatible_client() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key="of-the-site", max_retries=9)


def test_a_site_may_bring_its_own_client(claude_standin: Standin, settings: Settings) -> None:
    settings.CHAT_CLIENT = "tests.claude.test_client.compatible_client"
    settings.ANTHROPIC_API_KEY = ""
    claude_standin.script(Answer(status=429), "Hi")

    asked = messages([], question="Hello")

    async def main() -> None:
        try:
            async for _delta in claude.Call(Request("claude-opus-4-7", 100, asked)):
                pass
        finally:
            await claude.close_client()

    with pytest.raises(ReplyError):
        asyncio.run(main())
    [record] = claude_standin.requests  # its own retries are switched off
    assert record.headers["authorization"] == "Bearer of-the-site"


def test_the_preparation_starts_later_if_no_thread_could_start(settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = "a key"
    with preparation.renewed():
        with no_new_threads():
            claude.warm_up()
        claude.warm_up()
        until(claude.prepared)
