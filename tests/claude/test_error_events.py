"""Tests of error events before and during an answer."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.claude import breaker
from tests.claude.calling import Outcome
from tests.wire import Response, Wire, answer, block, end, error, event, start, text

pytestmark = pytest.mark.usefixtures("calls", "quick_retries")

KINDS = [
    # kind, code, status, retryable, number of attempts
    ("invalid_request_error", "api_error", 400, False, 1),
    ("authentication_error", "api_error", 401, False, 1),
    ("billing_error", "api_error", 402, False, 1),
    ("permission_error", "api_error", 403, False, 1),
    ("not_found_error", "api_error", 404, False, 1),
    ("conflict_error", "api_error", 409, True, 3),
    ("request_too_large", "api_error", 413, False, 1),
    ("rate_limit_error", "rate_limit", None, True, 1),
    ("api_error", "api_error", 500, True, 3),
    ("timeout_error", "api_error", 504, True, 3),
    ("overloaded_error", "api_error", 529, True, 3),
    ("error_of_the_future", "api_error", 500, True, 3),
]


@pytest.fixture
def upstream(wire_server: Wire, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Wire:
    """Return a server that is used as Claude."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    settings.ANTHROPIC_API_KEY = "sk-test"
    wire_server.requests.clear()
    return wire_server


def ask(upstream: Wire, body: bytes, **headers: str) -> tuple[Outcome, dict[str, Any]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    upstream.answer(Response(body, headers=named))
    outcome = Outcome()
    assert outcome.error is not None
    return outcome, outcome.error


@pytest.mark.parametrize(("kind", "code", "status", "retryable", "tries"), KINDS)
def test_a_first_event_is_the_same_as_the_http_error(
    upstream: Wire, kind: str, code: str, status: int | None, retryable: bool, tries: int
) -> None:
    for before in (b"", event({"type": "ping"}), event({"type": "future"})):
        upstream.requests.clear()
        outcome, error_data = ask(upstream, before + error(kind, "secret detail"))
        assert (error_data["error"], error_data.get("status")) == (code, status)
        assert error_data["retryable"] == retryable
        assert len(upstream.requests) == tries
        assert outcome.call.usage_is_known
        assert outcome.call.dollars == 0
        assert "secret" not in str(error_data)
        assert outcome.failure is not None
        assert (outcome.failure.type, outcome.failure.reason) == (kind, "secret detail")
        assert outcome.call.request_id == "req_1"


@pytest.mark.parametrize(("kind", "code", "status", "retryable", "tries"), KINDS)
@pytest.mark.parametrize("so_far", [start(), start() + block() + text("Half")])
def test_in_mid_answer_it_is_mapped_alike_and_never_tried_again(
    upstream: Wire,
    kind: str,
    code: str,
    status: int | None,
    retryable: bool,
    tries: int,
    so_far: bytes,
) -> None:
    outcome, error_data = ask(upstream, so_far + error(kind))
    assert (error_data["error"], error_data.get("status"), error_data["retryable"]) == (
        code,
        status,
        retryable,
    )
    assert len(upstream.requests) == 1
    assert outcome.text in ("", "Half")
    assert outcome.call.usage.input_tokens == 100
    assert not outcome.call.exact


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"event: error\ndata: upstream went away\n\n", 500),
        (b"event: error\ndata:\n\n", 500),
        (b"event: error\n\n", 500),
        (event([], "error"), 500),
        (event({}, "error"), 500),
        (event({"type": "error"}), 500),
        (event({"type": "error", "error": None}), 500),
        (event({"type": "error", "error": "overloaded"}), 500),
        (event({"type": "error", "error": {"type": 5, "message": []}}), 500),
        (event({"type": "error", "error": {"type": "overloaded_error"}}, None), 529),
        (event({"type": "error", "error": {"type": "overloaded_error"}}, "message_delta"), 529),
        (event({"error": {"type": "authentication_error", "message": "no"}}, "error"), 401),
        (event({"type": "authentication_error", "message": "no"}, "error"), 401),
    ],
)
def test_errors_of_any_shape(upstream: Wire, body: bytes, status: int) -> None:
    for so_far in (b"", start() + block() + text("Half")):
        _outcome, error_data = ask(upstream, so_far + body)
        assert (error_data["error"], error_data["status"]) == ("api_error", status)


@pytest.mark.parametrize(
    ("code", "tries", "retryable"),
    [
        ("enforced_spend_limit_reached", 1, False),
        ("contract_spend_limit_reached", 1, False),
        ("ramp_limit_exceeded", 3, True),
        ("another", 1, True),
    ],
)
def test_limits_by_their_code(upstream: Wire, code: str, tries: int, retryable: bool) -> None:
    body = {"type": "rate_limit_error", "message": "", "details": {"error_code": code}}
    _outcome, error_data = ask(upstream, event({"type": "error", "error": body}))
    assert (error_data["error"], error_data["retryable"]) == ("rate_limit", retryable)
    assert len(upstream.requests) == tries


def test_how_long_claude_asks_to_wait(upstream: Wire) -> None:
    _outcome, error_data = ask(upstream, error("overloaded_error"), retry_after="60")
    assert (error_data["retry_after"], len(upstream.requests)) == (60, 1)
    upstream.requests.clear()
    _outcome, error_data = ask(upstream, error("overloaded_error"), x_should_retry="false")
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("wait", ["-5", "nan", "inf", "1e300", "9" * 30, "soon", ""])
def test_a_wait_that_is_none_counts_as_absent(upstream: Wire, wait: str) -> None:
    _outcome, error_data = ask(upstream, error("overloaded_error"), retry_after=wait)
    assert (error_data.get("retry_after"), len(upstream.requests)) == (None, 3)


def test_gateways_leave_the_type_of_an_error_out(upstream: Wire) -> None:
    body = event({"error": {"type": "overloaded_error", "message": "busy"}}, None)
    _outcome, error_data = ask(upstream, body)
    assert (error_data["error"], error_data["status"], len(upstream.requests)) == (
        "api_error",
        529,
        3,
    )
    outcome, error_data = ask(upstream, start() + block() + text("Half") + body)
    assert (outcome.text, error_data["error"], error_data["status"]) == ("Half", "api_error", 529)


def test_an_error_after_the_end_is_none(upstream: Wire) -> None:
    upstream.answer(Response(start() + block() + text("Hi") + end() + error("overloaded_error")))
    assert Outcome().ended == ("Hi", None)


@pytest.mark.parametrize(
    "kind", [kind for kind, _code, _status, retryable, _ in KINDS if not retryable]
)
def test_no_error_of_a_request_counts_for_the_breaker(upstream: Wire, kind: str) -> None:
    upstream.answer(Response(start() + error(kind)))
    for _time in range(breaker.FAILURES + 1):
        Outcome()
    assert breaker.circuit().open_for() == 0


def test_json_in_the_place_of_a_stream(upstream: Wire) -> None:
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}'
    answers = [Response(body, content_type="application/json"), Response(answer())]
    upstream.answer(*answers)
    assert Outcome().ended == ("Fine.", None)
    whole = b'{"type": "message", "content": [], "usage": {"input_tokens": 9, "output_tokens": 7}}'
    upstream.answer(Response(whole, content_type="application/json"))
    outcome = Outcome()
    assert outcome.ended == ("", "api_error")
    assert (outcome.call.usage.input_tokens, outcome.call.usage.output_tokens) == (9, 7)
