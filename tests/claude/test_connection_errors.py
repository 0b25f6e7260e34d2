"""Tests of requests that did not reach Claude: nothing is booked, and the log says why."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import anthropic
import httpx2
import pytest
from django.conf import settings as site_settings
from pytest_django import Settings

from sitechat.claude import breaker, connection_errors
from sitechat.models import Counter, Usage
from tests.claude.calling import Outcome
from tests.visitor import Visitor
from tests.wire import Response, Wire, answer, wire

KEYS = ["sk-secret-key\n", "sk-secret\rkey", "sk-secret\x00key"]


def httpx_client() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key=site_settings.ANTHROPIC_API_KEY)


def impatient_client() -> anthropic.AsyncAnthropic:
    key = site_settings.ANTHROPIC_API_KEY
    return anthropic.AsyncAnthropic(api_key=key, timeout=anthropic.Timeout(None, connect=0.05))


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(
    request: pytest.FixtureRequest, settings: Settings, quick_retries: None, calls: None
) -> str:
    """Use the default client or one from CHAT_CLIENT."""
    if request.param == "httpx":
        settings.CHAT_CLIENT = f"{__name__}.httpx_client"
    return str(request.param)


@pytest.fixture
def nobody() -> Iterator[str]:
    """Return the address of a closed port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that accepts no connections, like one behind a firewall."""
    with socket.socket() as bound, ExitStack() as waiting:
        bound.bind(("127.0.0.1", 0))
        bound.listen(0)
        for _connection in range(3):  # fills the queue of the kernel
            connection = waiting.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(bound.getsockname())
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def plain() -> Iterator[Wire]:
    """Return the address of a server without TLS."""
    with wire(Response(answer())) as served:
        yield served


def free(outcome: Outcome) -> bool:
    """Return whether nothing is booked for a failure."""
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["status"]) == ("api_error", None)
    return outcome.call.usage_is_known and outcome.call.dollars == 0


def test_nobody_listens(transport: str, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://{nobody}")
    outcome = Outcome()
    assert free(outcome)
    assert outcome.failure is not None
    assert "ConnectionRefusedError" in outcome.failure.reason


@pytest.mark.usefixtures("quick_retries", "calls")
def test_a_host_that_never_answers_opens_the_breaker(
    silent: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CHAT_CLIENT = f"{__name__}.impatient_client"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://{silent}")
    outcomes = [Outcome() for _call in range(breaker.FAILURES)]
    assert {outcome.error["error"] for outcome in outcomes if outcome.error} == {"timeout"}
    assert all(outcome.call.usage_is_known and not outcome.call.dollars for outcome in outcomes)
    assert breaker.circuit().open_for() > 0


def test_no_such_host(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://nowhere.invalid")
    assert free(Outcome())


def test_no_tls(transport: str, plain: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", plain.url.replace("http:", "https:"))
    assert free(Outcome())


@pytest.mark.parametrize("url", ["not a url", "ftp://127.0.0.1/", "http://127.0.0.1:99999"])
def test_an_address_that_is_none(transport: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    assert free(Outcome())


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_no_header_can_hold(
    transport: str,
    plain: Wire,
    key: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "sitechat")
    settings.ANTHROPIC_API_KEY = key
    monkeypatch.setenv("ANTHROPIC_BASE_URL", plain.url)
    outcome = Outcome()
    assert free(outcome)
    assert outcome.error is not None
    assert not outcome.error["retryable"]
    assert plain.requests == []
    assert breaker.circuit().open_for() == 0
    [line] = [record.getMessage() for record in caplog.records]
    assert "Check ANTHROPIC_API_KEY for spaces and line ends" in line
    assert "secret" not in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("_sdk")
def test_a_wrong_key_leaves_the_budget_alone(
    plain: Wire, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANTHROPIC_API_KEY = "sk-test\n"
    settings.CHAT_LIMITS = {"site": ["0.2 usd/month"]}
    monkeypatch.setenv("ANTHROPIC_BASE_URL", plain.url)
    for _time in range(12):
        events = Visitor().ask("Hello")
        assert [event["error"] for event in events if "error" in event] == ["api_error"]
    assert {usage.dollars for usage in Usage.objects.all()} == {0}
    assert {counter.spent for counter in Counter.objects.all()} == {0}


def test_what_may_have_arrived_is_not_free(
    transport: str, plain: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.answer(Response(b"", cut=True, before_headers=True))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", plain.url)
    outcome = Outcome()
    assert outcome.error is not None
    assert outcome.error["error"] == "api_error"
    assert not outcome.call.usage_is_known
    assert len(plain.requests) == 1


def test_a_wrong_certificate_is_no_wrong_key() -> None:
    request = httpx2.Request("POST", "https://127.0.0.1/")
    error = anthropic.APIConnectionError(request=request)
    error.__cause__ = httpx2.ConnectError("certificate verify failed")
    error.__cause__.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    assert connection_errors.never_sent(error)
    assert not connection_errors.is_invalid(error)
    assert "self-signed certificate" in connection_errors.reason(error)
