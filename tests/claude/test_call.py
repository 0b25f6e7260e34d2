"""Tests of calls of Claude and their possible results."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from sitechat.claude.answer_parts import Cited, ToolCall
from sitechat.claude.messages import SearchResult, messages, system
from sitechat.claude.token_usage import TokenUsage
from sitechat.standin import Answer, Standin
from tests.claude.calling import Outcome, request

SPEND_CAP = {"error_code": "enforced_spend_limit_reached"}


pytestmark = pytest.mark.usefixtures("calls", "quick_retries")


def ask(standin: Standin, *script: Answer | str, **fields: Any) -> Outcome:
    standin.script(*script)
    return Outcome(request(**fields))


# Requests


def test_the_key_and_an_opaque_visitor_go_along(claude_standin: Standin) -> None:
    ask(claude_standin, "Hi", user_id="abc")
    [record] = claude_standin.requests
    assert record.headers["authorization"] == "Bearer sk-test"
    assert record.body["metadata"] == {"user_id": "abc"}
    assert record.body["stream"] is True


# Answers


def test_an_answer_comes_as_it_is_written(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer("Hello there, friend"))
    assert outcome.deltas == ["Hello", " there,", " friend"]
    assert outcome.error is None
    assert (outcome.call.stop_reason, outcome.call.request_id) == ("end_turn", "req_standin000001")


def test_usage_is_what_claude_says(claude_standin: Standin) -> None:
    usage = {
        "input_tokens": 7,
        "output_tokens": 5,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 2,
    }
    outcome = ask(claude_standin, Answer("Hello", usage=usage))
    assert outcome.call.usage == TokenUsage(
        7, 5, 3, 2, service_tier="standard", inference_geo="global"
    )
    assert outcome.call.usage_is_known
    assert outcome.call.exact


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "model_context_window_exceeded"])
def test_why_an_answer_ended(claude_standin: Standin, reason: Any) -> None:
    assert ask(claude_standin, Answer("Hm", stop_reason=reason)).call.stop_reason == reason


def test_an_answer_without_a_word(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer(""))
    assert (outcome.deltas, outcome.error, outcome.call.content) == ([], None, [])


def test_thinking_is_kept_for_claude_and_hidden_from_visitors(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer("Yes.", thinking="Hm, well."), model="claude-opus-5-5")
    assert outcome.text == "Yes."
    thought, answer = outcome.call.content
    assert (thought["type"], thought["thinking"]) == ("thinking", "Hm, well.")
    assert thought["signature"]
    assert answer == {"type": "text", "text": "Yes."}


def test_tools_that_claude_wants(claude_standin: Standin) -> None:
    tool = {"name": "search_site", "description": "x", "input_schema": {"type": "object"}}
    call = {"id": "toolu_1", "name": "search_site", "input": {"query": "gold"}}
    outcome = ask(claude_standin, Answer("Let me look.", tool_use=[call]), tools=[tool])
    assert outcome.call.tool_calls == [ToolCall("toolu_1", "search_site", {"query": "gold"})]
    assert outcome.call.content == [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", **call},
    ]


def test_what_an_answer_rests_on(claude_standin: Standin) -> None:
    passages = [
        SearchResult("A", "/a/", "Gold costs 5."),
        SearchResult("B", "/b/", "Silver costs 3."),
    ]
    outcome = ask(
        claude_standin,
        Answer("Silver costs 3.", citations=[1, 1, 0]),
        messages=messages([], question="Silver?", passages=passages),
        passages=passages,
    )
    assert outcome.deltas[-2:] == [Cited(1), Cited(0)]


def test_the_prompt_cache_is_read_and_written(claude_standin: Standin) -> None:
    prompt = system("Be kind to every visitor. " * 500)
    first = ask(claude_standin, "Hi", system=prompt).call.usage
    second = ask(claude_standin, "Hi", system=prompt).call.usage
    assert first.cache_write_tokens == second.cache_read_tokens > 2048
    assert first.entire_input == second.entire_input


# Failures before the answer


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (402, False), (403, False), (404, False), (413, False)],
)
def test_what_no_retry_mends_is_not_tried_again(
    claude_standin: Standin, status: int, retryable: bool
) -> None:
    outcome = ask(claude_standin, Answer(status=status, message="secret detail"), "Hi")
    assert outcome.error is not None
    assert outcome.error["error"] == "api_error"
    assert (outcome.error["status"], outcome.error["retryable"]) == (status, retryable)
    assert len(claude_standin.requests) == 1
    assert "secret" not in str(outcome.error)
    assert outcome.call.usage_is_known
    assert outcome.call.usage == TokenUsage()


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 529])
def test_a_hiccup_goes_unnoticed(claude_standin: Standin, status: int) -> None:
    outcome = ask(claude_standin, Answer(status=status), Answer(status=status), "Hi")
    assert (outcome.text, outcome.error) == ("Hi", None)
    assert len(claude_standin.requests) == 3


@pytest.mark.parametrize("status", [408, 409, 500, 529])
def test_who_fails_three_times_is_left_alone(claude_standin: Standin, status: int) -> None:
    outcome = ask(claude_standin, *[Answer(status=status)] * 3, "Hi")
    assert outcome.error is not None
    assert outcome.error["error"] == "api_error"
    assert (outcome.error["status"], outcome.error["retryable"]) == (status, True)
    assert len(claude_standin.requests) == 3


def test_a_short_wait_that_claude_asks_for_is_waited(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer(status=429, headers={"retry-after": "0"}), "Hi")
    assert (outcome.text, outcome.error) == ("Hi", None)


@pytest.mark.parametrize("after", ["30", "29.5"])
def test_a_long_wait_is_told_instead(claude_standin: Standin, after: str) -> None:
    outcome = ask(claude_standin, Answer(status=429, headers={"retry-after": after}), "Hi")
    assert outcome.error is not None
    assert outcome.error["error"] == "rate_limit"
    assert (outcome.error["retry_after"], outcome.error["retryable"]) == (30, True)
    assert len(claude_standin.requests) == 1


def test_a_spend_cap_is_not_tried_again(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer(status=429, details=SPEND_CAP), "Hi")
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["retryable"]) == ("rate_limit", False)
    assert "retry_after" not in outcome.error
    assert len(claude_standin.requests) == 1


def test_a_limit_without_a_time_is_not_tried_again_at_once(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer(status=429), "Hi")
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["retryable"]) == ("rate_limit", True)
    assert len(claude_standin.requests) == 1


def test_what_may_have_been_sent_is_not_sent_again_and_not_free(claude_standin: Standin) -> None:
    outcome = ask(claude_standin, Answer(end="drop", before_headers=True), "Hi")
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["status"]) == ("api_error", None)
    assert not outcome.call.usage_is_known


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    outcome = Outcome(request())
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["status"]) == ("api_error", None)
    assert outcome.call.usage == TokenUsage()


# Failures in mid-stream


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer("Hel lo", end="drop"), "interrupted"),
        (Answer("Hel lo", end="cut"), "interrupted"),
        (Answer("Hel lo", end="error", error_type="overloaded_error"), "api_error"),
        (Answer("Hel lo", end="error", error_type="api_error"), "api_error"),
        (Answer("Hel lo", end="error", error_type="rate_limit_error"), "rate_limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.end}-{value.error_type}",
)
def test_what_had_come_is_kept_and_never_asked_twice(
    claude_standin: Standin, answer: Answer, code: str
) -> None:
    outcome = ask(claude_standin, answer, "Hi")
    assert outcome.text == "Hel lo"
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["retryable"]) == (code, True)
    assert len(claude_standin.requests) == 1
    assert outcome.call.stop_reason is None


@pytest.mark.parametrize(
    ("kind", "status"), [("overloaded_error", 529), ("api_error", 500), ("timeout_error", 504)]
)
def test_an_error_event_is_told_with_the_status_it_would_have_had(
    claude_standin: Standin, kind: str, status: int
) -> None:
    outcome = ask(claude_standin, Answer("Hel", end="error", error_type=kind, message="secret"))
    assert outcome.error is not None
    assert outcome.error["status"] == status
    assert "secret" not in str(outcome.error)


@pytest.mark.parametrize("end", ["drop", "cut", "error"])
def test_a_broken_answer_is_booked_for_no_less_than_what_came(
    claude_standin: Standin, end: Any
) -> None:
    outcome = ask(claude_standin, Answer("word " * 40, end=end))
    [record] = claude_standin.requests
    assert record.usage is not None
    assert outcome.call.usage.output_tokens >= record.usage["output_tokens"] > 40
    assert outcome.call.usage.input_tokens == record.usage["input_tokens"]
    assert outcome.call.usage_is_known
    assert not outcome.call.exact


# Log lines and delays


def test_the_log_tells_what_the_visitor_is_not(
    claude_standin: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "sitechat")
    outcome = ask(claude_standin, Answer(status=401, message="invalid key"))
    assert outcome.error is not None
    [line] = [record.getMessage() for record in caplog.records if record.name == "sitechat.claude"]
    assert outcome.error["ref"] in line
    assert "req_standin000001" in line
    assert "sk-test" not in caplog.text
