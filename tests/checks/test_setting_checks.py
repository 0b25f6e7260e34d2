"""Tests that each system check reports its mistake and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core import checks
from django.core.checks import CheckMessage
from django.http import HttpRequest
from django.utils import timezone
from pytest_django import Settings

import sitechat
from sitechat import Chatbot
from sitechat.checks import bots, model_costs, run, run_for_deployment, serving, upkeep
from sitechat.models import Job, Summary
from sitechat.reports import retention
from tests.owner import LONG_AGO, talk


def ids(messages: Iterable[CheckMessage]) -> list[str]:
    return [str(message.id) for message in messages]


class GermanBot(sitechat.Chatbot):
    model = "claude-haiku-5-5"


class KeenBot(sitechat.Chatbot):
    pass


class NeedsVisitorBot(sitechat.Chatbot):
    def system_prompt(self, request: HttpRequest) -> str:
        return str(request.tenant)  # type: ignore[attr-defined]


class FailingBot(sitechat.Chatbot):
    def system_prompt(self, request: HttpRequest) -> str:
        raise KeyError(request.path)


class ModelFromElsewhereBot(sitechat.Chatbot):
    @property
    def model(self) -> str:  # type: ignore[override]
        raise LookupError


class LongWindedBot(sitechat.Chatbot):
    model = "claude-opus-4-7"

    def system_prompt(self, request: HttpRequest) -> str:
        return "words " * 4000


NO_BOT = object()


def test_the_settings_of_the_tests_are_fine() -> None:
    assert ids(run()) == []


def test_all_checks_are_registered() -> None:
    registry = checks.registry.registry
    always: list[Any] = list(registry.get_checks())
    deployed: list[Any] = list(registry.get_checks(include_deployment_checks=True))
    assert run in always
    assert run_for_deployment in deployed
    assert run_for_deployment not in always


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CHAT_MODLE", "claude-haiku-5-5", "sitechat.E001"),
        ("CHAT_MODEL", "", "sitechat.E002"),
        ("CHAT_MODEL", 7, "sitechat.E002"),
        ("CHAT_MODEL", ["claude-opus-4-7"], "sitechat.E002"),
        ("CHAT_MAX_TOKENS", "1024", "sitechat.E002"),
        ("CHAT_MAX_TOKENS", True, "sitechat.E002"),
        ("CHAT_MAX_HISTORY", -1, "sitechat.E002"),
        ("CHAT_RETENTION_DAYS", 0, "sitechat.E002"),
        ("CHAT_DOCUMENT_BUDGET", {"seconds": 0}, "sitechat.E002"),
        ("CHAT_DOCUMENT_BUDGET", {"minutes": 1}, "sitechat.E002"),
        ("CHAT_DOCUMENT_BUDGET", 5, "sitechat.E002"),
        ("CHAT_READ_LIMITS", {"reads": 5}, "sitechat.E002"),
        ("CHAT_READ_LIMITS", {"reads_of_session": 0}, "sitechat.E002"),
        ("CHAT_READ_LIMITS", 5, "sitechat.E002"),
        ("CHAT_REQUEST_ISOLATION", "yes", "sitechat.E002"),
        ("CHAT_MAX_STREAMS", "8", "sitechat.E002"),
        ("CHAT_TRUSTED_PROXIES", None, "sitechat.E002"),
        ("CHAT_SYSTEM_PROMPT", None, "sitechat.E002"),
        ("CHAT_LIMITS", {"session": "20 messages/hour"}, "sitechat.E003"),
        ("CHAT_LIMITS", {"everybody": []}, "sitechat.E003"),
        ("CHAT_LEDGER", "nowhere.Ledger", "sitechat.E004"),
        ("CHAT_LEDGER", "sitechat.ledger.CacheLedger", "sitechat.E004"),
        ("CHAT_PRICES", {"m": {"input": "x"}}, "sitechat.E005"),
        ("CHAT_BOTS", {}, "sitechat.E006"),
        ("CHAT_BOTS", {"default": "nowhere.Bot"}, "sitechat.E006"),
        ("CHAT_BOTS", {"default": "tests.checks.test_setting_checks.NO_BOT"}, "sitechat.E006"),
        ("CHAT_BOTS", {"x" * 65: "sitechat.Chatbot"}, "sitechat.E006"),
        ("CHAT_CLIENT", "nowhere.client", "sitechat.E007"),
        ("CHAT_EMBEDDER", "tests.checks.test_setting_checks.NO_BOT", "sitechat.E011"),
        ("CHAT_WIDGET", [], "sitechat.E008"),
        ("CHAT_WIDGET", {"titel": "x"}, "sitechat.E008"),
        ("CHAT_WIDGET", {"suggestions": "x"}, "sitechat.E008"),
        ("CHAT_WIDGET", {"suggestions": ["x", 5]}, "sitechat.E008"),
        ("CHAT_WIDGET", {"position": "top"}, "sitechat.E008"),
        ("CHAT_WIDGET", {"accent": 0x8A4B14}, "sitechat.E008"),
        ("CHAT_WIDGET", {"privacy_url": "javascript:alert(1)"}, "sitechat.E008"),
        ("CHAT_WIDGET", {"privacy_url": " data:text/html,x"}, "sitechat.E008"),
        ("MIDDLEWARE", [], "sitechat.E009"),
        ("CHAT_MODEL", "my-own-model", "sitechat.W002"),
    ],
)
def test_each_mistake_has_its_id(settings: Settings, name: str, value: Any, expected: str) -> None:
    setattr(settings, name, value)
    found = run()
    assert expected in ids(found), found
    assert set(ids(found)) == {expected}
    assert all(message.hint for message in found)


def test_a_missing_key_is_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ANTHROPIC_API_KEY = None
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    assert ids(run()) == ["sitechat.W001"]


def test_no_check_tells_the_key(settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = ["sk-secret"]
    assert "sk-secret" not in str(run())


# Before going live


@pytest.mark.parametrize(
    ("engine", "backend", "expected"),
    [
        ("cache", "locmem.LocMemCache", ["sitechat.W006"]),
        ("cache", "dummy.DummyCache", ["sitechat.W006"]),
        ("cached_db", "locmem.LocMemCache", ["sitechat.W006"]),
        ("cached_db", "dummy.DummyCache", []),  # each request reads the database
    ],
)
def test_sessions_that_workers_do_not_share(
    settings: Settings, engine: str, backend: str, expected: list[str]
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert ids(serving.check_session_engine()) == expected


def test_sessions_that_workers_share(settings: Settings) -> None:
    assert ids(serving.check_session_engine()) == []
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    assert ids(serving.check_session_engine()) == []


def test_debug(settings: Settings) -> None:
    assert ids(serving.check_debug()) == []
    settings.DEBUG = True
    assert ids(serving.check_debug()) == ["sitechat.W011"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (None, []),
        ("--workers 4", ["sitechat.W004"]),
        ("--threads=2 -k gthread", ["sitechat.W004"]),
        ("--threads 8", []),
        ("-k uvicorn_worker.UvicornWorker", []),
        ("-k gevent", ["sitechat.W008"]),
        ("--name 'chat", []),
    ],
)
def test_gunicorn_with_too_few_threads(
    monkeypatch: pytest.MonkeyPatch, arguments: str | None, expected: list[str]
) -> None:
    monkeypatch.delenv("GUNICORN_CMD_ARGS", raising=False)
    if arguments is not None:
        monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
    assert ids(serving.check_gunicorn()) == expected


def test_a_dear_model_is_worth_a_word(settings: Settings) -> None:
    assert ids(model_costs.check_model_costs()) == ["sitechat.I001"]
    settings.CHAT_MODEL = "claude-haiku-5-5"
    assert ids(model_costs.check_model_costs()) == []


def test_a_model_that_ends_is_named_with_its_day(settings: Settings) -> None:
    settings.CHAT_MODEL = "us.anthropic.claude-opus-4-5-20251101-v1:0"
    messages = {message.id: message.msg for message in model_costs.check_model_costs()}
    assert "on 2027-01-22" in messages["sitechat.W007"]


class BotWithOldFallback(Chatbot):
    model = "claude-haiku-5-5"
    fallback_model = "claude-opus-4-5"


def test_a_fallback_that_ends_is_named_too(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.BotWithOldFallback"}
    [message] = model_costs.check_model_costs()
    assert message.id == "sitechat.W007"
    assert "claude-opus-4-5" in message.msg


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("claude-opus-4-7", None, []),
        ("claude-opus-4-7", "xhigh", []),
        ("claude-opus-4-6", "xhigh", ["sitechat.W012"]),
        ("claude-haiku-4-5", "low", ["sitechat.W012"]),
        ("my-own-model", "low", []),
        ("claude-opus-4-7", "higher", ["sitechat.E006"]),
        ("claude-opus-4-7", ["low"], ["sitechat.E006"]),
    ],
)
def test_an_effort_that_a_model_does_not_accept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, model: str, effort: object, expected: Any
) -> None:
    settings.CHAT_MODEL = model
    settings.CHAT_PRICES = {"my-own-model": {"input": 1, "output": 2}}
    settings.CHAT_BOTS = {"default": "tests.checks.test_setting_checks.KeenBot"}
    monkeypatch.setattr(KeenBot, "effort", effort)
    assert ids([*bots.check_bots(), *bots.check_efforts()]) == expected


@pytest.mark.django_db
def test_a_prompt_that_costs_more_than_a_dollar_a_day(settings: Settings) -> None:
    assert ids(model_costs.check_prompts()) == []
    settings.CHAT_BOTS = {"long": "tests.checks.test_setting_checks.LongWindedBot"}
    (message,) = model_costs.check_prompts()
    assert message.id == "sitechat.W009"
    assert "1000 replies a day" in message.msg


@pytest.mark.django_db
def test_a_prompt_costs_by_the_replies_that_there_were(settings: Settings) -> None:
    settings.CHAT_BOTS = {"long": "tests.checks.test_setting_checks.LongWindedBot"}
    yesterday = timezone.now() - timedelta(days=1)
    Summary.objects.create(period="day", start=yesterday, bot="long", model="m", replies=70)
    assert ids(model_costs.check_prompts()) == []


@pytest.mark.django_db
def test_a_prompt_that_needs_a_visitor_is_passed_over(settings: Settings) -> None:
    settings.CHAT_BOTS = {
        "a": "tests.checks.test_setting_checks.NeedsVisitorBot",
        "b": "nowhere.Bot",
        "c": 5,
    }
    assert ids(model_costs.check_prompts()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("bot", ["FailingBot", "ModelFromElsewhereBot"])
def test_a_bot_that_fails_without_a_visitor_is_passed_over(settings: Settings, bot: str) -> None:
    settings.CHAT_BOTS = {
        "failing": f"tests.checks.test_setting_checks.{bot}",
        "long": "tests.checks.test_setting_checks.LongWindedBot",
    }
    assert ids(model_costs.check_prompts()) == ["sitechat.W009"]
    assert set(ids(model_costs.check_model_costs())) == {"sitechat.I001"}


@pytest.mark.django_db
def test_a_cleanup_that_does_not_run_is_missed(settings: Settings) -> None:
    assert ids(upkeep.check_cleanup()) == []
    talk(("old", "yes"), age=LONG_AGO)
    settings.CHAT_RETENTION_DAYS = 365
    assert ids(upkeep.check_cleanup()) == []
    settings.CHAT_RETENTION_DAYS = 30
    (message,) = upkeep.check_cleanup()
    assert message.id == "sitechat.W010"
    assert "never ran" in message.msg
    Job.record(retention.JOB)
    assert ids(upkeep.check_cleanup()) == []
    Job.objects.update(ran=timezone.now() - LONG_AGO)
    assert ids(upkeep.check_cleanup()) == ["sitechat.W010"]


@pytest.mark.django_db
def test_checks_for_deployment_all_run(settings: Settings) -> None:
    settings.CHAT_MODEL = "claude-haiku-5-5"
    settings.MIDDLEWARE = ["sitechat.middleware.ChatMiddleware", *settings.MIDDLEWARE]
    assert set(ids(run_for_deployment())) <= {"sitechat.W014"}  # the tests' SQLite
