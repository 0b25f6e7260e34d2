"""Tests that the reserved dollars depend on the region from which Claude answered before."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pytest_django import Settings

from sitechat.claude import regions
from sitechat.ledger.limits import NANO
from sitechat.models import Counter, Usage
from tests.indexed import put
from tests.visitor import Visitor, text_of
from tests.wire import STOP, Response, Wire, answer, block, end, start, text

pytestmark = pytest.mark.database

WORDS = "word " * 100


def answer_from(geo: str | None, pieces: int = 1) -> Response:
    usage = {"input_tokens": 300, "output_tokens": 1, "inference_geo": geo}
    body = start(**usage) + block() + text(WORDS) * pieces + end() + STOP
    return Response(body)


@pytest.fixture
def upstream(
    wire_server: Wire, quick_retries: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Wire:
    """Return a server that is used as Claude, by a site with a budget for about one answer."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", wire_server.url)
    settings.ANTHROPIC_API_KEY = "sk-test"
    settings.CHAT_MAX_TOKENS = 8000
    settings.CHAT_LIMITS = {"site": ["0.21 usd/month"]}
    wire_server.requests.clear()
    return wire_server


@pytest.fixture
def visitor(db: None, _sdk: None) -> Visitor:
    return Visitor()


def spent() -> Decimal:
    [count] = Counter.objects.filter(key__contains="site")
    assert count.reserved == 0
    return Decimal(count.spent) / NANO


def next_day(visitor: Visitor) -> None:
    """Reset the budget and the visitor's conversation."""
    Counter.objects.all().delete()
    visitor.forget()


@pytest.mark.parametrize("geo", [None, "", "global", "not_available", "eu"])
def test_a_budget_holds_the_price_of_answers_from_anywhere(
    upstream: Wire, visitor: Visitor, geo: str | None
) -> None:
    upstream.answer(answer_from(geo))
    for _time in range(2):
        assert visitor.ask("Hello")[-1] == {"done": "complete"}
        next_day(visitor)
    assert not regions.runs_in_us()


def test_after_an_answer_from_the_us_a_budget_holds_a_tenth_more(
    upstream: Wire, visitor: Visitor, settings: Settings
) -> None:
    upstream.answer(answer_from("us"))
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    next_day(visitor)
    refused = visitor.send("Hello")
    assert (refused.status_code, refused.json()["error"]) == (429, "budget_exhausted")
    settings.CHAT_LIMITS = {"site": ["0.24 usd/month"]}
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    # Another key may belong to another workspace.
    settings.CHAT_LIMITS = {"site": ["0.21 usd/month"]}
    settings.ANTHROPIC_API_KEY = "sk-other"
    next_day(visitor)
    upstream.answer(Response(answer()))
    assert visitor.ask("Hello")[-1] == {"done": "complete"}


def test_an_answer_that_costs_more_than_is_held_is_held_for_if_there_is_room(
    upstream: Wire, visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"site": ["0.24 usd/month"]}
    upstream.answer(answer_from("us", pieces=40))
    events = visitor.ask("Hello")
    assert events[-1] == {"done": "complete"}
    assert text_of(events) == WORDS * 40


def test_an_answer_that_costs_more_than_is_held_is_cut_off_before_the_budget_is_passed(
    upstream: Wire, visitor: Visitor
) -> None:
    upstream.answer(answer_from("us", pieces=40))
    events = visitor.ask("Hello")
    assert events[-1] == {"done": "truncated"}
    assert not [event for event in events if "error" in event]
    assert len(WORDS) * 20 < len(text_of(events)) < len(WORDS) * 40
    assert Decimal("0.15") < spent() <= Decimal("0.21")
    assert Usage.objects.get().estimated


def look_from_us() -> Response:
    """Return an answer from the US that searches the site."""
    usage = {"input_tokens": 300, "output_tokens": 1, "inference_geo": "us"}
    tool = block(type="tool_use", id="toolu_1", name="search_site", input={"query": "gold"})
    return Response(start(**usage) + tool + end("tool_use") + STOP)


@pytest.mark.parametrize("budget", ["0.487", "0.49", "0.53", "1"])
def test_an_answer_with_tools_never_fails_and_never_passes_the_budget(
    upstream: Wire,
    visitor: Visitor,
    settings: Settings,
    index_folder: None,
    budget: str,
) -> None:
    for number in range(2):
        put(f"/{number}/", "gold " * 4, f"Page {number}")
    settings.CHAT_LIMITS = {"site": [f"{budget} usd/month"]}
    upstream.answer(look_from_us(), answer_from("us", pieces=4))
    events = visitor.ask("Hello")
    assert events[-1] == {"done": "complete"}
    assert WORDS in text_of(events)
    assert 0 < spent() <= Decimal(budget)
