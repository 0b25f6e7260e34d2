"""Tests of the course and end of replies: what is stored and booked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from sitechat.models import Message, Status, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor, text_of

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_retries")]

SPEND_CAP = {"error_code": "enforced_spend_limit_reached"}


def row() -> Message:
    return Message.objects.replies().get()


# Ends

ENDS: dict[str, tuple[Answer, str, str, dict[str, Any] | None]] = {
    "complete": (Answer("Hello you"), "complete", "Hello you", None),
    "truncated": (Answer("Hello", stop_reason="max_tokens"), "truncated", "Hello", None),
    "the window is full": (
        Answer("Hello", stop_reason="model_context_window_exceeded"),
        "truncated",
        "Hello",
        None,
    ),
    "paused": (Answer("Hello", stop_reason="pause_turn"), "complete", "Hello", None),
    "refused": (
        Answer("I", stop_reason="refusal"),
        "refused",
        "I",
        {"error": "refused", "retryable": False},
    ),
    "refused without a word": (
        Answer("", stop_reason="refusal"),
        "refused",
        "",
        {"error": "refused", "retryable": False},
    ),
    "empty": (Answer(""), "failed", "", {"error": "api_error", "retryable": True}),
    "blank": (Answer("\n\u200b"), "failed", "\n\u200b", {"error": "api_error", "retryable": True}),
    "a bad request": (
        Answer(status=400),
        "failed",
        "",
        {"error": "api_error", "status": 400, "retryable": False},
    ),
    "a wrong key": (
        Answer(status=401),
        "failed",
        "",
        {"error": "api_error", "status": 401, "retryable": False},
    ),
    "too many": (
        Answer(status=429, headers={"retry-after": "30"}),
        "failed",
        "",
        {"error": "rate_limit", "retry_after": 30, "retryable": True},
    ),
    "a spend cap": (
        Answer(status=429, details=SPEND_CAP),
        "failed",
        "",
        {"error": "rate_limit", "retryable": False},
    ),
    "overloaded in mid-stream": (
        Answer("Hel", end="error"),
        "interrupted",
        "Hel",
        {"error": "api_error", "status": 529, "retryable": True},
    ),
    "overloaded before the first word": (
        Answer("", end="error"),
        "failed",
        "",
        {"error": "api_error", "status": 529, "retryable": True},
    ),
    "dropped": (
        Answer("Hel", end="drop"),
        "interrupted",
        "Hel",
        {"error": "interrupted", "retryable": True},
    ),
    "a clean end without an end": (
        Answer("Hel", end="cut"),
        "interrupted",
        "Hel",
        {"error": "interrupted", "retryable": True},
    ),
    "cut before the first word": (
        Answer("", end="cut"),
        "failed",
        "",
        {"error": "interrupted", "retryable": True},
    ),
}


@pytest.mark.parametrize(("answer", "status", "text", "error"), ENDS.values(), ids=ENDS.keys())
def test_every_end_is_told_stored_and_booked(
    answer: Answer,
    status: str,
    text: str,
    error: dict[str, Any] | None,
    visitor: Visitor,
    claude_standin: Standin,
) -> None:
    claude_standin.script(answer, "And again.")
    events = visitor.ask("Hello")
    assert text_of(events) == text
    assert events[-1] == {"done": status}
    errors = [event for event in events if "error" in event]
    assert [{key: e[key] for key in error} for e in errors] == [error] if error else not errors

    reply = row()
    assert (reply.status, reply.text, reply.running_in, reply.reserved) == (
        status,
        text,
        None,
        None,
    )
    usage = Usage.objects.get()
    assert (usage.status, usage.reply, usage.bot) == (status, reply, "default")
    assert usage.estimated is (answer.end != "stop")
    assert visitor.follow(str(reply.pk)) == events

    # After any end, the conversation can continue.
    assert visitor.ask("Hello again")[-1] == {"done": "complete"}


def test_usage_tells_tokens_dollars_and_times(visitor: Visitor, claude_standin: Standin) -> None:
    counts = {
        "input_tokens": 1000,
        "output_tokens": 100,
        "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 400,
    }
    claude_standin.script(Answer("Hello", usage=counts))
    visitor.ask("Hello")
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.output_tokens) == (1000, 100)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (2000, 400)
    assert usage.dollars == Decimal("0.011")  # 5 + 2.5 + 1 + 2.5 thousandths
    assert (usage.model, usage.stop_reason) == ("claude-opus-4-7", "end_turn")
    assert usage.request_id == "req_standin000001"
    assert usage.total_ms is not None
    assert usage.first_token_ms is not None
    assert 0 <= usage.first_token_ms <= usage.total_ms


def test_a_reply_without_a_word_has_no_first_token(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer(status=401))
    visitor.ask("Hello")
    usage = Usage.objects.get()
    assert usage.first_token_ms is None
    assert usage.dollars == 0


@pytest.mark.parametrize("model", ["claude-opus-5", "claude-sonnet-5-5", "claude-opus-5-5"])
def test_models_that_think_answer_within_a_small_limit(
    model: str, visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_MODEL = model
    settings.CHAT_MAX_TOKENS = 20
    thinking = "Hm. " * 200 if model == "claude-opus-5-5" else None
    claude_standin.script(Answer("A short answer.", thinking=thinking))
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("A short answer.", {"done": "complete"})


@pytest.mark.parametrize(
    "text",
    [
        'a\n\ndata: {"t": "b"}\n\ndata: [DONE]\n\n',
        "id: 7\r\rdata: x\r\n\r\nevent: y",
        "\u2028\u2029\x85 🦊 你好 \x1b[31m",
        "</script><!-- \\u0000 ' \" \\",
    ],
)
def test_no_text_breaks_out_of_its_event(
    text: str, visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer([text[:4], text[4:]]))
    events = visitor.ask(text)
    assert text_of(events) == text
    assert [event for event in events if "done" in event] == [{"done": "complete"}]
    assert visitor.texts() == [text.strip(), text]


def test_what_no_database_holds_is_replaced(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer(["a\x00b"]))
    assert text_of(visitor.ask("Hello")) == "a\ufffdb"
    assert row().text == "a\ufffdb"


def broken_client() -> object:
    """Return a client of the site with a bug of its own."""
    import anthropic

    class Broken(anthropic.AsyncAnthropic):
        async def post(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("secret detail")

    return Broken(api_key="sk-test")


def test_no_failure_shows_what_is_inside(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_CLIENT = f"{__name__}.broken_client"
    events = visitor.ask("Hello")
    [error] = [event for event in events if "error" in event]
    assert (error["error"], error["retryable"]) == ("server_error", True)
    assert error["ref"]
    assert "secret" not in str(events)
    assert row().status == Status.FAILED
