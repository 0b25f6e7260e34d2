"""Tests of the fallback model: when it answers, and that every attempt is paid at its price."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import anthropic
import pytest
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.models import Counter, Message, Usage
from sitechat.standin import Answer, Standin
from tests import tool_bots
from tests.indexed import put
from tests.visitor import Visitor, events_of, reply_url, text_of, value_of
from tests.wire import STOP, Response, Wire, block, block_stop, end, start, text

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_retries")]


class OpusBot(Chatbot):
    """The API itself hands over from its first model to the second."""

    model = "claude-opus-5-5"
    fallback_model = "claude-opus-4-8"
    search = False


class HaikuBot(Chatbot):
    """Its first model has no `fallbacks`."""

    model = "claude-haiku-5-5"
    fallback_model = "claude-sonnet-5"
    search = False


class SearchingBot(HaikuBot):
    search = True


def old_server() -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key="any")


@pytest.fixture
def opus(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.OpusBot"}


@pytest.fixture
def haiku(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.HaikuBot"}


REFUSAL = Answer(stop_reason="refusal", category="cyber", usage={"output_tokens": 0})


def dollars(usage: dict[str, Any], price_in: str, price_out: str) -> Decimal:
    tokens = Decimal(usage["input_tokens"]), Decimal(usage["output_tokens"])
    return (tokens[0] * Decimal(price_in) + tokens[1] * Decimal(price_out)) / 1_000_000


# The API's own fallbacks


@pytest.mark.usefixtures("opus")
def test_the_api_hands_over_and_each_model_is_paid(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer(stop_reason="refusal", category="cyber"), "Gladly.")
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Gladly.", {"done": "complete"})
    [record] = claude_standin.requests
    [entry] = record.body["fallbacks"]
    assert entry["model"] == "claude-opus-4-8"
    assert record.headers["anthropic-beta"] == "server-side-fallback-2026-07-01"
    assert record.usage is not None
    first, second = record.usage["iterations"]
    usage = Usage.objects.get()
    assert usage.dollars == dollars(first, "4", "20") + dollars(second, "5", "25")
    assert usage.input_tokens == first["input_tokens"] + second["input_tokens"]
    assert (usage.model, usage.refusal_category) == ("claude-opus-4-8", "cyber")
    assert usage.by_model is not None
    assert [each["model"] for each in usage.by_model] == ["claude-opus-5-5", "claude-opus-4-8"]
    assert not usage.estimated
    spent = Counter.objects.get(key__startswith="session:", key__contains="tokens").spent
    assert spent == usage.input_tokens + usage.output_tokens


@pytest.mark.usefixtures("opus")
def test_text_before_a_refusal_stays(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer("Once upon", stop_reason="refusal"), " a time.")
    assert text_of(visitor.ask("Hello")) == "Once upon a time."
    assert Message.objects.replies().get().status == "complete"


@pytest.mark.usefixtures("opus")
def test_both_refuse(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(REFUSAL, Answer(stop_reason="refusal", category="bio"))
    assert visitor.ask("Hello")[-1] == {"done": "refused"}
    assert len(claude_standin.requests) == 1
    assert Usage.objects.get().refusal_category == "bio"


@pytest.mark.usefixtures("opus")
def test_a_stream_that_breaks_after_the_hand_over_books_both(
    visitor: Visitor, wire_server: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    boundary = {
        "type": "fallback",
        "from": {"model": "claude-opus-5-5"},
        "to": {"model": "claude-opus-4-8"},
        "trigger": {"type": "refusal", "category": "cyber"},
    }
    cut = start() + block(0, **boundary) + block_stop(0) + block(1) + text("Half", 1)
    wire_server.answer(Response(cut, cut=True))
    assert visitor.ask("Hello")[-1] == {"done": "interrupted"}
    usage = Usage.objects.get()
    assert usage.by_model is not None
    first, second = usage.by_model
    assert (first["model"], first["input_tokens"]) == ("claude-opus-5-5", 100)
    assert second["model"] == "claude-opus-4-8"
    assert second["input_tokens"] > 0
    assert usage.estimated


HOSTILE: list[Any] = [
    "many",
    [],
    [None],
    [{"type": "message", "input_tokens": -1}] * 2,
    [{"type": "message", "input_tokens": "9", "output_tokens": 10**30, "model": {}}] * 2,
    [{"type": "message"}] * 1000,
]


@pytest.mark.parametrize("iterations", HOSTILE)
@pytest.mark.usefixtures("opus")
def test_iterations_that_make_no_sense(
    visitor: Visitor, wire_server: Wire, monkeypatch: pytest.MonkeyPatch, iterations: Any
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    last = end(output_tokens=42, iterations=iterations)
    wire_server.answer(Response(start() + block() + text("Fine.") + block_stop() + last + STOP))
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    assert Usage.objects.get().dollars > 0


@pytest.mark.usefixtures("opus")
def test_a_server_without_fallbacks_is_asked_twice(
    visitor: Visitor, wire_server: Wire, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CHAT_CLIENT = f"{__name__}.old_server"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    error = {"type": "invalid_request_error", "message": "fallbacks: Extra inputs"}
    body = json.dumps({"type": "error", "error": error}).encode()
    unknown = Response(body, status=400, content_type="application/json")
    refused = Response(start() + end("refusal", output_tokens=0) + STOP)
    fine = Response(start() + block() + text("Fine.") + block_stop() + end() + STOP)
    wire_server.requests.clear()
    wire_server.answer(unknown, refused, fine)
    assert text_of(visitor.ask("Hello")) == "Fine."
    with_list, without, second = wire_server.requests
    assert "fallbacks" in with_list
    assert "fallbacks" not in without
    assert (without["model"], second["model"]) == ("claude-opus-5-5", "claude-opus-4-8")
    visitor.ask("Again")
    assert "fallbacks" not in wire_server.requests[3]


# Our own second call


@pytest.mark.usefixtures("haiku")
def test_a_refusal_of_a_model_without_fallbacks(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(REFUSAL, "Gladly.")
    assert text_of(visitor.ask("Hello")) == "Gladly."
    first, second = claude_standin.requests
    assert [first.body["model"], second.body["model"]] == ["claude-haiku-5-5", "claude-sonnet-5"]
    assert "fallbacks" not in first.body
    assert first.usage is not None
    assert second.usage is not None
    usage = Usage.objects.get()
    paid = dollars(first.usage, "0.10", "0.50") + dollars(second.usage, "2", "10")
    assert usage.dollars == paid
    assert (usage.model, usage.refusal_category) == ("claude-sonnet-5", "cyber")


OVERLOADED = [
    Answer(status=529),
    Answer(status=503),
    Answer(status=500),
    Answer(status=429),
    Answer(end="error"),
]


@pytest.mark.parametrize("answer", OVERLOADED, ids=str)
@pytest.mark.usefixtures("haiku")
def test_an_overload(visitor: Visitor, claude_standin: Standin, answer: Answer) -> None:
    tries = 1 if answer.status == 429 or answer.end == "error" else 3
    claude_standin.script(*[answer] * tries, "Here I am.")
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Here I am.", {"done": "complete"})
    assert claude_standin.requests[-1].body["model"] == "claude-sonnet-5"
    assert not any("error" in each for each in events)
    assert Usage.objects.get().model == "claude-sonnet-5"


OTHER_REASONS = [
    Answer(status=400),
    Answer(status=401),
    Answer(status=429, details={"error_code": "enforced_spend_limit_reached"}),
    Answer("Hello", end="error"),
    Answer("Hello", stop_reason="refusal"),
    Answer("", end="drop"),
]


@pytest.mark.parametrize("answer", OTHER_REASONS, ids=str)
@pytest.mark.usefixtures("haiku")
def test_other_reasons_and_shown_text(
    visitor: Visitor, claude_standin: Standin, answer: Answer
) -> None:
    claude_standin.script(answer, "Not asked for.")
    assert visitor.ask("Hello")[-1] != {"done": "complete"}
    assert len(claude_standin.requests) == 1


@pytest.mark.usefixtures("haiku")
def test_both_are_overloaded(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.always(Answer(status=529))
    events = visitor.ask("Hello")
    assert events[-1] == {"done": "failed"}
    models = [record.body["model"] for record in claude_standin.requests]
    assert models == ["claude-haiku-5-5"] * 3 + ["claude-sonnet-5"] * 3
    assert Usage.objects.get().dollars == 0


@pytest.mark.usefixtures("haiku")
def test_a_budget_without_room_for_the_second_model(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"site": ["0.005 usd/month"]}
    claude_standin.script(REFUSAL, "Not asked for.")
    assert visitor.ask("Hello")[-1] == {"done": "refused"}
    assert len(claude_standin.requests) == 1


def test_a_refusal_after_a_tool(
    visitor: Visitor, claude_standin: Standin, settings: Settings, index_folder: None
) -> None:
    put("/gold/", "gold " * 40, "Gold")
    settings.CHAT_BOTS = {"default": f"{__name__}.SearchingBot"}
    call = {"name": "search_site", "input": {"query": "gold"}}
    claude_standin.script(Answer(thinking="Hm.", tool_use=[call]), REFUSAL, "Five.")
    assert text_of(visitor.ask("What does it cost?")) == "Five."
    last = claude_standin.requests[-1].body
    assert last["model"] == "claude-sonnet-5"
    kinds = [block["type"] for block in last["messages"][-2]["content"]]
    assert kinds == ["tool_use"]


class ConfirmBot(tool_bots.ConfirmBot):
    model = "claude-haiku-5-5"
    fallback_model = "claude-opus-5-5"


def test_a_reply_that_waits_for_the_visitor_goes_on_without_foreign_thoughts(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    """The first model can't read what the second one has thought."""
    settings.CHAT_BOTS = {"default": f"{__name__}.ConfirmBot"}
    call = {"name": "cancel_order", "input": {"number": "A-1042"}}
    claude_standin.script(REFUSAL, Answer(thinking="Hm.", tool_use=[call]), "It is done.")
    asked = visitor.ask("Cancel my order A-1042")
    question, reply = value_of(asked, "confirm"), value_of(asked, "reply")
    events_of(visitor.post({"id": question["id"], "approve": True}, reply_url(reply, "confirm/")))
    last = claude_standin.requests[-1].body
    assert last["model"] == "claude-haiku-5-5"
    kinds = [block["type"] for block in last["messages"][-2]["content"]]
    assert kinds == ["tool_use"]
    usage = Usage.objects.get()
    assert (usage.model, usage.refusal_category) == ("claude-haiku-5-5", "cyber")
    assert [each["model"] for each in usage.by_model or []] == [
        "claude-haiku-5-5",
        "claude-opus-5-5",
    ]
