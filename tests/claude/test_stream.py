"""Tests of reading server-sent events in all forms that servers and proxies produce."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from django.test import override_settings
from pytest_django import Settings

from sitechat.claude import stream
from sitechat.claude.call import LAST_EVENTS_WITHIN
from tests.claude.calling import Outcome, request
from tests.wire import (
    STOP,
    Response,
    Wire,
    answer,
    block,
    block_stop,
    end,
    error,
    event,
    start,
    text,
    wire,
)

WORDS = "Hello Zoë \U0001f642 \u4f60\u597d\n\ndata: x\r\n"


def aiohttp_client() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(http_client=anthropic.DefaultAioHttpClient())


def httpx_client() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic()


@pytest.fixture(
    scope="module",
    params=[
        "the default client",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("aiohttp_client", "httpx_client")
        ),
    ],
)
def upstream(request: pytest.FixtureRequest, wire_server: Wire, calls: None) -> Iterator[Wire]:
    """Return a server that is used as Claude, with the default client and with CHAT_CLIENT."""
    own = None if request.param == "the default client" else f"{__name__}.{request.param}"
    with pytest.MonkeyPatch.context() as patch, override_settings(CHAT_CLIENT=own):
        patch.setenv("ANTHROPIC_API_KEY", "sk-test")
        patch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
        yield wire_server


def ask(upstream: Wire, body: bytes, **fields: Any) -> Outcome:
    upstream.requests.clear()
    upstream.answer(Response(body, **fields))
    return Outcome()


@pytest.mark.parametrize("chunk", [0, 1, 7])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_events_come_whole_however_the_body_is_cut(
    upstream: Wire, chunk: int, line_end: bytes
) -> None:
    body = answer(WORDS).replace(b"\n", line_end)
    assert ask(upstream, body, chunk=chunk).ended == (WORDS, None)


def test_characters_may_come_as_they_are(upstream: Wire) -> None:
    body = answer("?").replace(b"?", "Zoë \U0001f642 \u2028".encode())
    assert ask(upstream, body, chunk=1).ended == ("Zoë \U0001f642 \u2028", None)


@pytest.mark.parametrize("chunk", [0, 1])
def test_a_byte_order_mark_hides_no_event(upstream: Wire, chunk: int) -> None:
    body = b"\xef\xbb\xbf" + answer()
    outcome = ask(upstream, body, chunk=chunk)
    assert outcome.ended == ("Fine.", None)
    assert outcome.call.exact
    assert ask(upstream, b"\xef\xbb", chunk=chunk).ended == ("", "api_error")


@pytest.mark.parametrize("broken", [b"\xff", b"\xc3", b"\xed\xa0\xbd", b"\xf0\x9f", b"\x80\x80"])
def test_bytes_that_are_no_text_are_replaced(upstream: Wire, broken: bytes) -> None:
    outcome = ask(upstream, answer("a?b").replace(b"?", broken), chunk=1)
    assert outcome.error is None
    assert outcome.text.strip("ab").strip("\ufffd") == ""
    assert outcome.text[0] + outcome.text[-1] == "ab"


@pytest.mark.parametrize(
    "more",
    [
        b"data: [DONE]\n\n",
        b"event: done\ndata: [DONE]\n\n",
        b": a comment\n\n",
        b"event: ping\ndata: {}\n\n",
        b"event: ping\ndata:\n\n",
        b"data:\n\n",
        b"id: 7\nretry: 100\n\n",
        b"id: \x00\n\n",
        b"nonsense\n\n",
        b"event: heartbeat\ndata: ok\n\n",
        event([], "message_delta"),
        event("null", "content_block_delta"),
        event('"text"', "message_start"),
        event("12", "message_stop"),
        event('{"type": ', "content_block_delta"),
        event("[" * 100_000, "content_block_delta"),
        event({"type": "future_event", "x": 1}),
        event({"type": 5}, None),
        event({}, None),
    ],
)
def test_what_is_unknown_changes_nothing(upstream: Wire, more: bytes) -> None:
    parts = [start(), block(), text("Hello"), text(" world."), block_stop(), end()]
    outcome = ask(upstream, more + more.join(parts) + more + STOP + more)
    assert outcome.ended == ("Hello world.", None)
    assert outcome.call.usage.output_tokens == 42
    assert outcome.call.exact


def test_events_without_names_and_names_without_types(upstream: Wire) -> None:
    unnamed = b"\n".join(line for line in answer().split(b"\n") if not line.startswith(b"event:"))
    assert ask(upstream, unnamed).ended == ("Fine.", None)
    untyped = event({"delta": {"type": "text_delta", "text": "Hi"}}, "content_block_delta")
    assert ask(upstream, start() + untyped + event({}, "message_stop")).ended == ("Hi", None)


@pytest.mark.parametrize(
    "lost", [b"\n", b"\n\n", b"\n\n" + STOP.strip() + b"\n\n", STOP, STOP.split(b"\n")[1]]
)
def test_an_answer_is_whole_if_its_last_event_is_lost(upstream: Wire, lost: bytes) -> None:
    for fields in ({}, {"cut": True}):
        outcome = ask(upstream, b"".join(answer().rpartition(lost)[::2]), **fields)
        assert outcome.ended == ("Fine.", None)
        assert outcome.call.stop_reason == "end_turn"


@pytest.mark.parametrize(
    "after",
    [
        error("overloaded_error"),
        b"data: [DONE]\n\n",
        event({"type": "message_delta", "delta": {"stop_reason": "refusal"}}),
        block() + text("More."),
        b"\xff\xff garbage",
    ],
)
@pytest.mark.parametrize("fields", [{}, {"hold": True}, {"cut": True}])
def test_nothing_after_the_end_matters(
    upstream: Wire, after: bytes, fields: dict[str, bool]
) -> None:
    outcome = ask(upstream, answer() + after, **fields)
    assert outcome.ended == ("Fine.", None)
    assert outcome.call.stop_reason == "end_turn"


@pytest.mark.parametrize("after", [b"", b"data: [DONE]\n\n", b"event: message_stop"])
def test_an_answer_whose_last_event_is_lost_ends_though_the_connection_is_held(
    upstream: Wire, after: bytes
) -> None:
    started = time.monotonic()
    outcome = ask(upstream, answer().removesuffix(STOP) + after, hold=True)
    assert time.monotonic() - started < LAST_EVENTS_WITHIN + 4
    assert outcome.ended == ("Fine.", None)
    assert outcome.call.exact


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (start(), "interrupted"),
        (start() + block() + text("Half"), "interrupted"),
        (start() + block() + text("Half") + b"data: {", "interrupted"),
        (start() + block() + text("Half") + end(None), "interrupted"),
        (b"", "interrupted"),
    ],
)
def test_a_connection_that_is_cut(upstream: Wire, body: bytes, code: str) -> None:
    outcome = ask(upstream, body, cut=True)
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["retryable"]) == (code, True)
    assert outcome.call.usage_is_known == bool(body)
    assert len(upstream.requests) == 1


def test_a_stream_that_ends_too_early(upstream: Wire) -> None:
    outcome = ask(upstream, start() + block() + text("Half"))
    assert outcome.ended == ("Half", "interrupted")
    assert not outcome.call.exact
    assert outcome.call.usage.input_tokens == 100


LIMIT = stream.BYTE_OVERHEAD + stream.BYTES_PER_TOKEN * request().max_output


@pytest.mark.parametrize(
    ("piece", "count"),
    [
        (b"data: " + b"x" * 10_000_000, 1),
        (b"x", 10_000_000),
        (b"data: x\n", 1_200_000),
        (b"x\r", 5_000_000),
        (b": comment\n", 1_000_000),
        (b": comment\n\n", 900_000),
        (event({"type": "ping"}), 200_000),
        (text("Hello"), 100_000),
        (b"\n", 10_000_000),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else value,
)
@pytest.mark.parametrize("before", [b"", start() + block() + text("Half")])
def test_an_answer_without_end_is_cut_off(
    upstream: Wire, piece: bytes, count: int, before: bytes
) -> None:
    outcome = ask(upstream, before + piece * count)
    assert outcome.error is not None
    assert (outcome.error["error"], outcome.error["status"]) == ("api_error", 200)
    assert not outcome.error["retryable"]
    assert len(outcome.text) < LIMIT


def test_large_events_are_read_up_to_the_limit(upstream: Wire) -> None:
    words = "word " * 100_000
    assert ask(upstream, answer(words)).ended == (words, None)
    burst = event({"type": "ping"}) * 10_000
    assert ask(upstream, burst + answer()).ended == ("Fine.", None)


@pytest.mark.parametrize("chunk", [0, 7])
def test_a_response_may_be_compressed(upstream: Wire, chunk: int) -> None:
    headers = {"content-encoding": "gzip"}
    body = gzip.compress(answer(WORDS))
    assert ask(upstream, body, headers=headers, chunk=chunk).ended == (WORDS, None)
    identity = {"content-encoding": "identity"}
    assert ask(upstream, answer(WORDS), headers=identity).ended == (WORDS, None)


def test_what_only_the_sdks_own_stream_decodes(upstream: Wire) -> None:
    """Use the events of Bedrock's client, which decodes their binary form."""
    aws = "application/vnd.amazon.eventstream"
    unknown = block(1, type="hologram", x=1) + event({"type": "future"}) + event([], "ping")
    outcome = ask(upstream, answer().replace(STOP, unknown + STOP), content_type=aws)
    assert outcome.ended == ("Fine.", None)
    assert (outcome.call.usage.input_tokens, outcome.call.usage.output_tokens) == (100, 42)
    assert ask(upstream, start() + error("overloaded_error"), content_type=aws).error
    assert ask(upstream, start() + b"event: x\ndata: {\n\n", content_type=aws).ended == (
        "",
        "interrupted",
    )


def test_a_connection_serves_the_next_call(
    upstream: Wire, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Wait for the end of the stream, which arrives a moment after the answer."""
    with wire(Response(answer(), chunk=100)) as served:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        for _time in range(5):
            assert Outcome().ended == ("Fine.", None)
        assert (len(served.requests), served.connections) == (5, 1)
