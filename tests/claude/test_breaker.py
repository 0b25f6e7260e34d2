"""Tests of the circuit breaker, which stops calls while Claude is overloaded."""

from __future__ import annotations

import pytest

from sitechat.claude import breaker
from sitechat.errors import ApiError, ClaudeRateLimit, Interrupted, Refused, ReplyError
from sitechat.models import Message
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor


def fail(error: ReplyError, times: int = breaker.FAILURES) -> None:
    for _time in range(times):
        breaker.circuit().record_failure(error)


@pytest.mark.parametrize(
    "error", [ApiError(status=529), ApiError(status=None), ClaudeRateLimit(retry_after=1)]
)
def test_many_failures_in_a_row_open_it(error: ReplyError) -> None:
    fail(error, breaker.FAILURES - 1)
    assert breaker.circuit().open_for() == 0
    fail(error, 1)
    assert 0 < breaker.circuit().open_for() <= breaker.PAUSE


def test_claude_may_ask_for_a_longer_pause_but_not_for_hours() -> None:
    fail(ClaudeRateLimit(retry_after=30))
    assert breaker.PAUSE < breaker.circuit().open_for() <= 30
    fail(ClaudeRateLimit(retry_after=9999))
    assert breaker.circuit().open_for() <= breaker.MAX_PAUSE


@pytest.mark.parametrize("error", [ApiError(status=400), ApiError(status=401), Refused()])
def test_failures_that_are_not_load_do_not_count(error: ReplyError) -> None:
    fail(error)
    assert breaker.circuit().open_for() == 0


def test_a_cut_answer_does_not_count() -> None:
    fail(Interrupted())
    assert breaker.circuit().open_for() == 0


def test_a_reply_that_works_closes_it() -> None:
    fail(ApiError(status=529))
    breaker.circuit().record_success()
    assert breaker.circuit().open_for() == 0


def test_while_it_is_open_visitors_are_told_when_to_come_back_and_claude_is_not_asked(
    visitor: Visitor, claude_standin: Standin
) -> None:
    fail(ApiError(status=529))
    response = visitor.send("Hello")
    assert response.status_code == 503
    assert response.json()["error"] == "overloaded"
    assert int(response["Retry-After"]) == response.json()["retry_after"] > 0
    assert claude_standin.requests == []
    assert not Message.objects.exists()


def test_replies_that_fail_open_it(
    visitor: Visitor, claude_standin: Standin, quick_retries: None
) -> None:
    claude_standin.always(Answer(status=529))
    for _reply in range(breaker.FAILURES):
        assert visitor.ask("Hello")[-1] == {"done": "failed"}
    asked = len(claude_standin.requests)
    assert visitor.send("Hello").status_code == 503
    assert len(claude_standin.requests) == asked
