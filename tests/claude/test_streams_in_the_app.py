"""Tests of the visitor's text and the booked usage for streams of various servers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import Settings

from sitechat.claude import breaker
from sitechat.models import Counter, Message, Usage
from tests.smaller import Smaller
from tests.visitor import Visitor, text_of
from tests.wire import Response, Wire, answer, block, end, error, event, start, text

STREAMS = Path(__file__).parent / "streams"


def recorded(name: str) -> bytes:
    return (STREAMS / f"{name}.sse").read_bytes()


@pytest.fixture
def upstream(
    wire_server: Wire, quick_retries: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Wire:
    """Return a server that is used as Claude."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    settings.ANTHROPIC_API_KEY = "sk-test"
    wire_server.requests.clear()
    wire_server.answer(Response(answer()))
    return wire_server


@pytest.fixture
def visitor(db: None, _sdk: None) -> Visitor:
    return Visitor()


def ended(visitor: Visitor) -> tuple[str, str, str | None]:
    """Return the text of an answer, its final status, and the code of its error."""
    events = visitor.ask("Hello")
    errors = [each["error"] for each in events if "error" in each]
    return text_of(events), events[-1]["done"], errors[0] if errors else None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", ("Hello world.", "complete", None)),
        ("done_event", ("Hello world.", "complete", None)),
        ("unknown_event_text", ("Fine.", "complete", None)),
        ("usage_huge", ("Huge usage.", "complete", None)),
        ("err_mid_invalid_request_error", ("Half an ans", "interrupted", "api_error")),
        ("html_200", ("", "failed", "api_error")),
    ],
)
@pytest.mark.parametrize("chunk", [0, 1, 7])
def test_recorded_streams(
    upstream: Wire, visitor: Visitor, name: str, expected: tuple[str, str, str | None], chunk: int
) -> None:
    kind = "text/html" if name == "html_200" else "text/event-stream"
    upstream.answer(Response(recorded(name), content_type=kind, chunk=chunk))
    assert ended(visitor) == expected
    # Whatever Claude sends, the visitor can ask again.
    upstream.answer(Response(answer()))
    assert ended(visitor) == ("Fine.", "complete", None)
    assert Usage.objects.count() == 2


def test_an_answer_is_whole_at_its_end_also_if_the_connection_is_held(
    upstream: Wire, visitor: Visitor
) -> None:
    upstream.answer(Response(recorded("hold_after_stop"), hold=True))
    assert ended(visitor) == ("Hello world.", "complete", None)
    assert ended(visitor) == ("Hello world.", "complete", None)
    assert max(usage.total_ms or 0 for usage in Usage.objects.all()) < 5_000


def test_a_first_event_that_is_an_error_is_tried_again(upstream: Wire, visitor: Visitor) -> None:
    upstream.answer(
        Response(recorded("err_first_then_ok-1")),
        Response(recorded("err_first_then_ok-2")),
        Response(recorded("err_first_then_ok-3")),
    )
    assert ended(visitor) == ("Hello world.", "complete", None)
    assert len(upstream.requests) == 2
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.output_tokens) == (100, 42)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (30, 20)
    assert (usage.cache_write_1h_tokens, usage.service_tier) == (5, "standard")
    assert not usage.estimated


def test_a_first_event_that_is_an_error_for_good(upstream: Wire, visitor: Visitor) -> None:
    upstream.answer(Response(recorded("err_first_then_ok-1")))
    assert ended(visitor) == ("", "failed", "api_error")
    assert len(upstream.requests) == 3
    assert Usage.objects.get().dollars == 0


@pytest.mark.database
def test_halves_of_a_character_in_two_events_are_one(upstream: Wire, visitor: Visitor) -> None:
    upstream.answer(Response(recorded("surrogates")))
    shown, done, code = ended(visitor)
    assert (done, code) == ("complete", None)
    assert shown.startswith("smile \U0001f600 end \ufffd nul\ufffd sep\u2028\u2029 x\x85y")
    assert Message.objects.get(role="assistant").text == shown


def test_an_answer_without_any_usage_is_booked_by_estimate(
    upstream: Wire, visitor: Visitor
) -> None:
    upstream.answer(Response(recorded("no_usage_at_all")))
    assert ended(visitor)[1] == "complete"
    usage = Usage.objects.get()
    assert usage.estimated
    assert usage.output_tokens > 200
    assert usage.input_tokens > 10
    assert usage.dollars > 0
    assert Counter.objects.get(key__contains="site").spent == int(usage.dollars * 10**9)


@pytest.mark.database
def test_impossible_counts_are_not_booked(upstream: Wire, visitor: Visitor) -> None:
    upstream.answer(Response(recorded("usage_huge")))
    ended(visitor)
    usage = Usage.objects.get()
    assert usage.estimated
    assert 10 < usage.input_tokens < 10_000
    assert usage.output_tokens == 42


@pytest.mark.parametrize(
    "kind",
    [
        "invalid_request_error",
        "authentication_error",
        "billing_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
    ],
)
@pytest.mark.parametrize("when", ["first", pytest.param("in mid-answer", marks=pytest.mark.long)])
def test_one_visitors_errors_close_the_chat_for_nobody(
    upstream: Wire, visitor: Visitor, settings: Settings, smaller: Smaller, kind: str, when: str
) -> None:
    smaller(breaker, FAILURES=2)
    settings.CHAT_LIMITS = {}
    before = b"" if when == "first" else start() + block() + text("Half")
    upstream.answer(Response(before + error(kind)))
    for _time in range(breaker.FAILURES + 2):
        [told] = [each for each in visitor.ask("Hello") if "error" in each]
        assert (told["error"], told["retryable"]) == ("api_error", False)
    assert breaker.circuit().open_for() == 0
    upstream.answer(Response(answer()))
    assert ended(Visitor()) == ("Fine.", "complete", None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html><body>Please log in</body></html>", "text/html; charset=utf-8"),
        (b"<html><body>Please log in</body></html>", "text/event-stream"),
        (b'{"status": "ok"}', "application/json"),
        (b'{"status": "ok"}', "text/event-stream"),
        (b'{"a": ', "application/json"),
        (b"", "text/event-stream"),
        (b"", "application/json"),
        (b"", ""),
        (b": nothing yet\n\n", "text/event-stream"),
        (event({"type": "ping"}), "text/event-stream"),
        (b"\xff\xfe\x00\x01", "application/octet-stream"),
    ],
)
def test_what_is_no_answer_is_an_api_error_and_free(
    upstream: Wire, visitor: Visitor, body: bytes, kind: str
) -> None:
    upstream.answer(Response(body, content_type=kind))
    assert ended(visitor) == ("", "failed", "api_error")
    assert Usage.objects.get().dollars == 0
    assert not Counter.objects.filter(key__contains="site", spent__gt=0).exists()
    assert breaker.circuit().open_for() == 0


@pytest.mark.parametrize("length", [1, 40, 100])
def test_a_first_event_that_is_cut_is_an_answer_that_has_started(
    upstream: Wire, visitor: Visitor, length: int
) -> None:
    head = b"event: message_start\ndata: "
    upstream.answer(Response(start()[: len(head) + length]))
    assert ended(visitor) == ("", "failed", "interrupted")
    assert len(upstream.requests) == 1
    usage = Usage.objects.get()
    assert usage.estimated
    assert usage.dollars > 0


@pytest.mark.database
@pytest.mark.parametrize("count", [12.5, -5, 5_000_000_000, 2**63, "12", True, [1], None, {}])
@pytest.mark.parametrize("key", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
def test_a_wrong_count_neither_breaks_nor_frees_a_reply(
    upstream: Wire, visitor: Visitor, count: object, key: str
) -> None:
    usage = {"input_tokens": 100, "output_tokens": 1, "cache_read_input_tokens": 3}
    body = start(**{**usage, key: count}) + block() + text("A few words.")
    upstream.answer(Response(body + end(**{"output_tokens": 42, key: count})))
    assert ended(visitor) == ("A few words.", "complete", None)
    booked = Usage.objects.get()
    assert booked.dollars > 0
    assert booked.estimated or key == "cache_read_input_tokens"
    assert Message.objects.get(role="assistant").running_in is None


@pytest.mark.database
@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"request-id": "r" * 300}, "end_turn"),
        ({"request-id": "\xe9\xff" * 100}, "end_turn"),
        ({}, "end\x00turn"),
        ({}, "x" * 5000),
        ({}, "\ud800"),
        ({}, ["end_turn"]),
        ({}, 7),
    ],
)
def test_strings_are_cut_to_what_can_be_stored(
    upstream: Wire, visitor: Visitor, headers: dict[str, str], reason: object
) -> None:
    body = start() + block() + text("Fine.") + end(reason)
    body += event({"type": "message_stop"})
    upstream.answer(Response(body, headers=headers))
    assert ended(visitor) == ("Fine.", "complete", None)
    usage = Usage.objects.get()
    assert len(usage.request_id) <= 128
    assert len(usage.stop_reason) <= 64
    assert "\x00" not in usage.stop_reason


def test_claude_in_the_us_costs_more(upstream: Wire, visitor: Visitor) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 1, "inference_geo": "us"}
    details = {"output_tokens": 100, "output_tokens_details": {"thinking_tokens": 60}}
    upstream.answer(Response(start(**usage) + block() + text("Hi") + end(**details)))
    ended(visitor)
    booked = Usage.objects.get()
    assert (booked.inference_geo, booked.thinking_tokens) == ("us", 60)
    assert booked.dollars == Decimal("0.0075") * Decimal("1.1")
