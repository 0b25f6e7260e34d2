"""Tests that an admitted reply ends with an answer, even if limits leave no room for tools."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from sitechat.knowledge import index
from sitechat.ledger import CacheLedger, DatabaseLedger
from sitechat.ledger.limits import NANO
from sitechat.models import Counter, Message, Usage
from sitechat.standin import Answer, Standin
from tests.indexed import put
from tests.interleave import after_query
from tests.reservations import still_reserved
from tests.visitor import MakeVisitor, Visitor, events_of, text_of, value_of
from tests.waiting import until

pytestmark = pytest.mark.database


@pytest.fixture
def shelf(index_folder: None, db: None) -> None:
    """Index two short pages, which a search for "gold" finds."""
    for number in range(2):
        put(f"/{number}/", "gold " * 4, f"Page {number}")
    index.refresh()


QUESTION = "Hello"
"""A message that finds no page, so that Claude has to search."""

COUNTS = {"input_tokens": 900, "output_tokens": 20}


def look(count: int = 1, text: str = "") -> Answer:
    """Return an answer that calls the search tool this many times at once."""
    call = {"name": "search_site", "input": {"query": "gold"}}
    return Answer(text, tool_use=[call] * count, usage=COUNTS)


ENOUGH = Answer("Gold costs 5.", usage=COUNTS)


@pytest.fixture(params=["site usd", "session tokens"])
def tight(
    request: pytest.FixtureRequest,
    visitor: Visitor,
    claude_standin: Standin,
    shelf: None,
    settings: Settings,
) -> Standin:
    """Set a limit that is just enough to admit one message."""
    scope, unit = request.param.split()
    settings.CHAT_LIMITS = {scope: [f"1000000000 {unit}/month"]}
    claude_standin.script(look(), ENOUGH)
    reserved: list[int] = []

    def note() -> None:
        reserved.extend(count.reserved or 0 for count in Counter.objects.filter(reserved__gt=0))

    with after_query(lambda sql: "sitechat_passage" in sql, note):
        visitor.ask(QUESTION)
    [needed] = reserved
    visitor.forget()
    visitor.client.cookies.clear()
    for model in (Counter, Usage):
        model.objects.all().delete()
    claude_standin.clear()
    amount = Decimal(needed) / NANO if unit == "usd" else Decimal(needed)
    settings.CHAT_LIMITS = {scope: [f"{amount:f} {unit}/month"]}
    return claude_standin


def ask(visitor: Visitor) -> list[dict[str, Any]]:
    """Ask the question and check that the actual usage is booked and nothing stays reserved."""
    events = visitor.ask(QUESTION)
    [count] = Counter.objects.filter(spent__gt=0)
    usage = Usage.objects.get()
    tokens = usage.input_tokens + usage.output_tokens
    assert count.spent in {tokens, int(usage.dollars * NANO)}
    assert count.reserved == 0
    assert not usage.estimated
    return events


def test_claude_answers_from_what_it_has_if_no_further_round_fits(
    visitor: Visitor, tight: Standin
) -> None:
    tight.script(look(text="Let me look."), ENOUGH)
    events = ask(visitor)
    assert text_of(events) == "Let me look.\n\nGold costs 5."
    assert events[-1] == {"done": "complete"}
    assert [record.body.get("tool_choice") for record in tight.requests] == [None, {"type": "none"}]
    [result] = tight.requests[-1].body["messages"][-1]["content"]
    assert len(result["content"]) == 2


def test_results_that_do_not_fit_are_left_out_with_their_links(
    visitor: Visitor, tight: Standin
) -> None:
    for number in range(30):
        put(f"/{number}/", "gold " * 200, f"Page {number}")
    tight.script(look(2), Answer("Gold costs 5.", citations=[1], usage=COUNTS))
    events = ask(visitor)
    assert events[-1] == {"done": "complete"}
    assert {"source": {"n": 1, "title": "Page 1", "url": "/1/"}} in events
    first, second = tight.requests[-1].body["messages"][-1]["content"]
    assert 2 <= len(first["content"]) < 30
    assert "is_error" not in first
    assert second["is_error"] is True


def test_calls_that_do_not_fit_even_without_results_are_left_out(
    visitor: Visitor, tight: Standin
) -> None:
    tight.script(look(100, text="Let me look."), ENOUGH)
    assert ask(visitor)[-1] == {"done": "complete"}
    first, final = tight.requests
    assert final.body["messages"] == first.body["messages"]
    assert final.body["tool_choice"] == {"type": "none"}


def test_what_the_first_request_leaves_may_be_used(
    visitor: Visitor, tight: Standin, settings: Settings
) -> None:
    """Allow half as much again, which is enough for another round after a short answer."""
    [(scope, [limit])] = settings.CHAT_LIMITS.items()
    amount, unit = limit.split(" ", 1)
    larger = Decimal(amount) * Decimal("1.4")
    if unit.startswith("tokens"):
        larger = larger.to_integral_value()
    settings.CHAT_LIMITS = {scope: [f"{larger:f} {unit}"]}
    tight.script(look(), look(), ENOUGH)
    assert ask(visitor)[-1] == {"done": "complete"}
    assert [record.body.get("tool_choice") for record in tight.requests[:2]] == [None, None]


def test_claudes_own_limit_is_told_as_that(visitor: Visitor, tight: Standin) -> None:
    tight.script(look(), Answer(status=429))
    events = visitor.ask(QUESTION)
    assert events[-1] == {"done": "failed"}
    assert [event["error"] for event in events if "error" in event] == ["rate_limit"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ledger", ["DatabaseLedger", "CacheLedger"])
def test_of_messages_that_race_for_a_budget_all_that_are_admitted_are_answered(
    ledger: str,
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    shelf: None,
    settings: Settings,
) -> None:
    settings.CHAT_LEDGER = f"sitechat.ledger.{ledger}"
    settings.CHAT_LIMITS = {"site": ["0.25 usd/month"]}  # for three at once

    def send(number: int) -> tuple[str, str]:
        try:
            response = live_visitor().send(QUESTION)
            if response.status_code == 200:
                return "admitted", str(value_of(events_of(response), "done"))
            return response.json()["error"], response.headers["Retry-After"]
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as threads:
        outcomes = set(threads.map(send, range(24)))
    assert ("admitted", "complete") in outcomes
    assert outcomes <= {("admitted", "complete"), ("rate_limited", "5")}
    dollars = sum(usage.dollars for usage in Usage.objects.all())
    assert 0 < dollars < Decimal("0.25")
    if ledger == "DatabaseLedger":
        [count] = Counter.objects.all()
        assert (count.spent, count.reserved) == (int(dollars * NANO), 0)


class Failing(CacheLedger):
    """A ledger whose cache fails while replies run."""

    def extend(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("down")


def test_a_ledger_that_fails_meanwhile_costs_only_further_rounds(
    visitor: Visitor, claude_standin: Standin, shelf: None, settings: Settings
) -> None:
    settings.CHAT_LEDGER = f"{__name__}.Failing"
    claude_standin.script(look(), ENOUGH)
    assert visitor.ask(QUESTION)[-1] == {"done": "complete"}
    assert claude_standin.requests[-1].body["tool_choice"] == {"type": "none"}


def test_tools_that_were_not_offered_cost_no_second_request_without_room(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"session": ["2500 tokens/month"]}
    claude_standin.script(look(text="Let me look."))
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    assert len(claude_standin.requests) == 1
    assert Message.objects.replies().get().text == "Let me look."


entered, settled = threading.Event(), threading.Event()


class Slow(DatabaseLedger):
    """A ledger that extends a reservation after another one was settled, or after a moment."""

    def extend(self, *args: Any, **kwargs: Any) -> Any:
        entered.set()
        settled.wait(0.3)
        return super().extend(*args, **kwargs)

    def settle(self, *args: Any, **kwargs: Any) -> None:
        super().settle(*args, **kwargs)
        settled.set()


@pytest.mark.django_db(transaction=True)
def test_a_stop_while_a_tool_round_reserves_leaves_nothing_reserved(
    live_visitor: MakeVisitor, claude_standin: Standin, shelf: None, settings: Settings
) -> None:
    settings.CHAT_LEDGER = f"{__name__}.Slow"
    settings.CHAT_LIMITS = {"site": ["100 usd/month"], "session": ["10000000 tokens/month"]}
    entered.clear()
    settled.clear()
    claude_standin.script(look(), ENOUGH)
    visitor = live_visitor()
    reply, stream = visitor.begin(QUESTION)
    assert entered.wait(10)
    visitor.stop(reply)
    stream.close()
    until(Usage.objects.exists)
    until(lambda: not still_reserved().exists())
    assert Message.objects.replies().get().status == "stopped"
