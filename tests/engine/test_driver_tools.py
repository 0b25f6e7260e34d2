"""Tests of tool calls during an answer: rounds, citations and booked usage."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.conversations import search_tools
from sitechat.models import Message, Usage
from sitechat.standin import Answer, Standin
from tests.indexed import put
from tests.visitor import Visitor, text_of

pytestmark = pytest.mark.database


def row() -> Message:
    return Message.objects.replies().get()


@pytest.fixture
def shelf(index_folder: None, db: None) -> None:
    """Index two pages, of which no visitor's message finds any."""
    put("/gold/", "Gold costs 5.", "Gold")
    put("/silver/", "Silver costs 3.", "Silver")


def results(standin: Standin) -> list[list[str]]:
    """Return the addresses of each search result that the last request contains."""
    return [
        [found["source"] for found in block["content"] if found["type"] == "search_result"]
        for message in standin.requests[-1].body["messages"]
        for block in message["content"]
        if isinstance(block, dict) and block["type"] == "tool_result"
    ]


def search(query: str) -> list[dict[str, Any]]:
    return [{"name": search_tools.search_site.name, "input": {"query": query}}]


def test_claude_looks_into_the_site_and_goes_on(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    claude_standin.script(
        Answer("Let me look.", tool_use=search("gold")),
        Answer("Gold costs 5.", citations=[0]),
    )
    events = visitor.ask("Hello")
    assert text_of(events) == "Let me look.\n\nGold costs 5."
    assert {"source": {"n": 1, "title": "Gold", "url": "/gold/"}} in events
    assert {"cite": {"at": 27, "n": 1}} in events
    assert events[-1] == {"done": "complete"}
    assert results(claude_standin) == [["/gold/"]]
    assert [record.status for record in claude_standin.requests] == [200, 200]
    assert row().sources == [{"n": 1, "title": "Gold", "url": "/gold/"}]


def test_citations_count_over_all_looks(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    claude_standin.script(
        Answer(tool_use=search("gold")),
        Answer(tool_use=search("silver")),
        Answer("Silver costs 3.", citations=[1]),
    )
    events = visitor.ask("Hello")
    assert results(claude_standin) == [["/gold/"], ["/silver/"]]
    assert {"source": {"n": 1, "title": "Silver", "url": "/silver/"}} in events


def test_several_tools_at_once_are_all_answered(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    claude_standin.script(
        Answer(tool_use=[*search("gold"), *search(""), *search("silver")]), "Well."
    )
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    answered = claude_standin.requests[-1].body["messages"][-1]["content"]
    assert [result.get("is_error", False) for result in answered] == [False, True, False]
    assert results(claude_standin) == [["/gold/"], [], ["/silver/"]]


def test_claude_can_not_search_for_ever(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    claude_standin.script(
        *[Answer(tool_use=search(f"try {n}")) for n in range(Chatbot.max_tool_rounds)], "Not found."
    )
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Not found.", {"done": "complete"})
    records = claude_standin.requests
    assert len(records) == Chatbot.max_tool_rounds + 1
    assert records[-1].body["tool_choice"] == {"type": "none"}
    assert all("tool_choice" not in record.body for record in records[:-1])


def test_all_rounds_are_booked_together(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    counts = {"input_tokens": 100, "output_tokens": 10}
    claude_standin.script(
        Answer(tool_use=search("gold"), usage=counts), Answer("Five.", usage=counts)
    )
    visitor.ask("Hello")
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.output_tokens) == (200, 20)
    assert usage.request_id == "req_standin000002"


def test_a_later_round_that_fails_keeps_what_was_written(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    claude_standin.script(Answer("Let me look.", tool_use=search("gold")), Answer(status=400))
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Let me look.", {"done": "interrupted"})


def test_a_server_may_call_tools_and_say_that_its_turn_ends(
    visitor: Visitor, claude_standin: Standin, shelf: None
) -> None:
    claude_standin.script(Answer("", tool_use=search("gold"), stop_reason="end_turn"), "Five.")
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Five.", {"done": "complete"})
    assert results(claude_standin)


def test_thinking_goes_back_to_claude_as_it_came(
    visitor: Visitor, claude_standin: Standin, shelf: None, settings: Settings
) -> None:
    settings.CHAT_MODEL = "claude-opus-5-5"
    claude_standin.script(Answer("", thinking="Hm.", tool_use=search("gold")), "Five.")
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    content = claude_standin.requests[-1].body["messages"][-2]["content"]
    assert [block["type"] for block in content] == ["thinking", "tool_use"]
    assert content[0]["signature"]


def test_a_tool_that_was_never_offered_does_nothing(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("", tool_use=[{"name": "rm", "input": {}}]), "Never mind.")
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    [result] = claude_standin.requests[-1].body["messages"][-1]["content"]
    assert result["is_error"] is True
