"""Tests of the checks of CHAT_BOTS and models, which suggest names for misspelled ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.checks import bots, run
from tests.checks.test_setting_checks import ids

BOTS = """
from sitechat import Chatbot
class SupportBot(Chatbot): pass
an_instance = SupportBot()
def make_client(): pass
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Create a package with a bot in `shop.bots`, and a module that can't be imported."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "bots.py").write_text(BOTS)
    (package / "broken.py").write_text("import nothing_of_that_name\n")
    (package / "wrong.py").write_text("class Bot(:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def hint_for(settings: Settings, path: Any) -> str:
    settings.CHAT_BOTS = {"default": path}
    (message,) = run()
    assert message.id == "sitechat.E006"
    return str(message.hint)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("sitechat.ChatBot", "sitechat.Chatbot"),
        ("sitechat.chatbot", "sitechat.Chatbot"),
        ("sitechta.Chatbot", "sitechat.Chatbot"),
        ("shop.bots.SuportBot", "shop.bots.SupportBot"),
        ("shop.bots.supportbot", "shop.bots.SupportBot"),
        ("shop.bot.SupportBot", "shop.bots.SupportBot"),
        ("shpo.bots.SupportBot", "shop.bots.SupportBot"),
        ("shop.bots:SupportBot", "shop.bots.SupportBot"),
        (" shop.bots.SupportBot\n", "shop.bots.SupportBot"),
        ("shop/bots.py", "shop.bots.SupportBot"),
        ("shop.bots", "shop.bots.SupportBot"),
        ("shop.SupportBot", ""),
        ("nowhere.Bot", ""),
        ("Bot", ""),
        ("", ""),
        (None, ""),
        ("shop.bots.an_instance", ""),
        ("shop.bots.make_client", ""),
        ("shop.broken.Bot", ""),
        ("shop.wrong.Bot", ""),
    ],
)
def test_the_path_that_was_meant_is_named(settings: Settings, path: Any, meant: str) -> None:
    __import__("shop.bots")
    hint = hint_for(settings, path)
    if meant:
        assert f'Did you mean "{meant}"?' in hint
    else:
        assert "Did you mean" not in hint


def test_a_class_without_quotation_marks_is_named_by_its_path(
    settings: Settings, shop: None
) -> None:
    bot = __import__("shop.bots").bots.SupportBot
    assert 'Did you mean "shop.bots.SupportBot"?' in hint_for(settings, bot)


def test_what_fails_at_its_import_says_how(settings: Settings, shop: None) -> None:
    settings.CHAT_BOTS = {"default": "shop.wrong.Bot", "other": "shop.broken.Bot"}
    wrong, broken = run()
    assert "SyntaxError" in wrong.msg
    assert "nothing_of_that_name" in broken.msg


def test_other_dotted_paths_are_looked_up_the_same_way(settings: Settings, shop: None) -> None:
    settings.CHAT_CLIENT = "shop.bots.make_cleint"
    settings.CHAT_LEDGER = "sitechat.ledger.DatabaseLegder"
    settings.CHAT_EMBEDDER = "shop.bots.makeclient"
    hints = {message.id: str(message.hint) for message in run()}
    assert 'Did you mean "shop.bots.make_client"?' in hints["sitechat.E007"]
    assert 'Did you mean "shop.bots.make_client"?' in hints["sitechat.E011"]
    assert 'Did you mean "sitechat.ledger.DatabaseLedger"?' in hints["sitechat.E004"]


@pytest.mark.parametrize(
    "name", ["", " ", "my bot", "shop/support", "support\n", "a\u202eb", "x" * 65, 5, None, ("a",)]
)
def test_names_that_can_not_be_used(settings: Settings, name: Any) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", name: "sitechat.Chatbot"}
    (message,) = run()
    assert message.id == "sitechat.E006"
    assert "\u202e" not in message.msg


@pytest.mark.parametrize("name", ["support", "Support-2", "shop.support", "häuser", "x" * 64])
def test_names_that_can_be_used(settings: Settings, name: str) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", name: "sitechat.Chatbot"}
    assert run() == []


@pytest.mark.parametrize(
    ("name", "cure"), [("support", 'Name one of them "default"'), ("Default", "Rename 'Default'")]
)
def test_bots_without_a_default(settings: Settings, name: str, cure: str) -> None:
    settings.CHAT_BOTS = {name: "sitechat.Chatbot"}
    (message,) = run()
    assert message.id == "sitechat.W023"
    assert message.msg.endswith(f"get the first of its bots, {name!r}.")
    assert cure in str(message.hint)


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        ("claude-opus-4.7", "claude-opus-4-7"),
        ("Claude-Opus-4-7", "claude-opus-4-7"),
        ("claude opus 4 7", "claude-opus-4-7"),
        ("opus-4-7", "claude-opus-4-7"),
        ("claude-4-7-opus", "claude-opus-4-7"),
        ("claude-opus-47", "claude-opus-4-7"),
        ("claude-opsu-4-7", "claude-opus-4-7"),
        (" claude-haiku-5-5", "claude-haiku-5-5"),
        ("anthropic/claude-haiku-5.5", "claude-haiku-5-5"),
        ("us.anthropic.claude-haiku-5.5", "claude-haiku-5-5"),
        ("sonnet", "claude-sonnet-5-5"),
        ("claude-opus", "claude-opus-5-5"),
        ("claude-haiku-4", "claude-haiku-4-5"),
    ],
)
def test_a_model_that_is_nearly_a_known_one(settings: Settings, model: str, meant: str) -> None:
    settings.CHAT_MODEL = model
    (message,) = run()
    assert message.id == "sitechat.W022"
    assert f"Did you mean {meant}?" in str(message.hint)


CLOUD_NAMES = [
    "anthropic/claude-opus-4-7",
    "us.anthropic.claude-opus-4-7-v1:0",
    "claude-opus-4-7@20260416",
]


@pytest.mark.parametrize("model", CLOUD_NAMES)
def test_the_name_of_a_model_on_another_server(
    settings: Settings, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    settings.CHAT_MODEL = model
    (message,) = run()
    assert message.id == "sitechat.W022"
    assert "Did you mean claude-opus-4-7?" in str(message.hint)
    settings.CHAT_CLIENT = "anthropic.AsyncAnthropic"
    assert run() == []
    settings.CHAT_CLIENT = None
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://gateway.example.com")
    assert run() == []


@pytest.mark.parametrize("model", ["claude-opus-4-7-20260416", "my-model"])
def test_a_model_that_is_known_or_priced_is_right(settings: Settings, model: str) -> None:
    settings.CHAT_MODEL = model
    settings.CHAT_PRICES = {"my-model": {"input": 3, "output": 15}}
    assert run() == []


class Odd(Chatbot):
    """A bot to which tests give invalid attributes."""


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("model", None),
        ("model", ""),
        ("model", 7),
        ("model", ["claude-opus-4-7"]),
        ("max_tokens", "1024"),
        ("max_tokens", 0),
        ("max_tokens", True),
        ("max_tokens", None),
        ("effort", "hihg"),
        ("effort", ["high"]),
    ],
)
def test_what_a_bot_s_class_says_wrongly(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, attribute: str, value: Any
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Odd"}
    monkeypatch.setattr(Odd, attribute, value, raising=False)
    (message,) = [each for each in run() if each.id == "sitechat.E006"]
    text = f"The {attribute} of the bot 'default' is {value!r}, which is not valid."
    assert message.msg == text
    assert message.hint


def test_what_a_bot_computes_is_not_judged(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Odd"}
    monkeypatch.setattr(Odd, "model", property(lambda bot: "claude-haiku-5-5"))
    monkeypatch.setattr(Odd, "max_tokens", property(lambda bot: 500))
    assert run() == []


def test_wrong_prices_do_not_break_the_check_of_models(settings: Settings) -> None:
    settings.CHAT_MODEL = "m"
    settings.CHAT_PRICES = {"m": "cheap"}
    assert ids(run()) == ["sitechat.E005"]
    assert ids(bots.check_models()) == []


class Twice(Chatbot):
    fallback_model = "claude-opus-4-7"


class WithoutName(Chatbot):
    fallback_model = ""


class ForADay(Chatbot):
    cache_lifetime = "24h"


class Misspelled(Chatbot):
    fallback_model = "claude-sonet-5"


@pytest.mark.parametrize(
    ("bot", "check", "words"),
    [
        (Twice, "sitechat.W015", "is its model, claude-opus-4-7"),
        (WithoutName, "sitechat.E006", "The fallback_model of the bot 'default' is ''"),
        (ForADay, "sitechat.E006", "The cache_lifetime of the bot 'default' is '24h'"),
        (Misspelled, "sitechat.W022", "claude-sonet-5"),
    ],
)
def test_the_second_model_and_the_lifetime_of_the_cache(
    settings: Settings, bot: type[Chatbot], check: str, words: str
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.{bot.__name__}"}
    (message,) = run()
    assert message.id == check
    assert words in message.msg
