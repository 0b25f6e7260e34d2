"""Claude looks into the site while it answers: rounds of tools, cited, counted and booked."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat import composing, driver, site_tools
from sitechat.exchange import ToolCall
from sitechat.history import Document
from sitechat.models import Message, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor, text_of

pytestmark = pytest.mark.database


def row() -> Message:
    return Message.objects.replies().get()


class Shelf:
    """The tools of a site with two pages."""

    def __init__(self) -> None:
        self.calls: list[tuple[ToolCall, int]] = []

    def status(self, call: ToolCall) -> tuple[str, str]:
        return "searching", "Searching the site…"

    def run(self, call: ToolCall, shown: int) -> driver.ToolResult:
        self.calls.append((call, shown))
        if call.input.get("query") == "nothing":
            return driver.ToolResult([{"type": "text", "text": "No such tool."}], [], failed=True)
        documents = [
            Document("Gold", "/gold/", f"Gold costs 5. ({shown})"),
            Document("Silver", "/silver/", f"Silver costs 3. ({shown})"),
        ]
        content = [
            {
                "type": "search_result",
                "source": document.url,
                "title": document.title,
                "content": [{"type": "text", "text": document.text}],
                "citations": {"enabled": True},
            }
            for document in documents
        ]
        return driver.ToolResult(content, documents)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(composing, "tools", lambda *args: made)
    monkeypatch.setattr(composing, "current_index", object)
    monkeypatch.setattr(site_tools, "passages", lambda *args, **kwargs: [])
    return made


def search(query: str) -> list[dict[str, Any]]:
    return [{"name": site_tools.DEFINITIONS[0]["name"], "input": {"query": query}}]


def test_claude_looks_into_the_site_and_goes_on(
    visitor: Visitor, claude_standin: Standin, shelf: Shelf
) -> None:
    claude_standin.script(
        Answer("Let me look.", tool_use=search("gold")),
        Answer("Gold costs 5.", citations=[0]),
    )
    events = visitor.ask("What does gold cost?")
    assert text_of(events) == "Let me look.\n\nGold costs 5."
    assert {"source": {"n": 1, "title": "Gold", "url": "/gold/"}} in events
    assert {"cite": {"at": 27, "n": 1}} in events
    assert events[-1] == {"done": "complete"}
    assert [(call.input, shown) for call, shown in shelf.calls] == [({"query": "gold"}, 0)]
    assert [record.status for record in claude_standin.requests] == [200, 200]
    assert row().sources == [{"n": 1, "title": "Gold", "url": "/gold/"}]


def test_citations_count_over_all_looks(
    visitor: Visitor, claude_standin: Standin, shelf: Shelf
) -> None:
    claude_standin.script(
        Answer(tool_use=search("gold")),
        Answer(tool_use=search("silver")),
        Answer("Silver costs 3.", citations=[3]),
    )
    events = visitor.ask("What does silver cost?")
    assert [shown for _call, shown in shelf.calls] == [0, 2]
    assert {"source": {"n": 1, "title": "Silver", "url": "/silver/"}} in events


def test_several_tools_at_once_are_all_answered(
    visitor: Visitor, claude_standin: Standin, shelf: Shelf
) -> None:
    claude_standin.script(
        Answer(tool_use=[*search("gold"), *search("nothing"), *search("silver")]), "Well."
    )
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    results = claude_standin.requests[-1].body["messages"][-1]["content"]
    assert [result.get("is_error", False) for result in results] == [False, True, False]
    assert [shown for _call, shown in shelf.calls] == [0, 2, 2]


def test_claude_can_not_search_for_ever(
    visitor: Visitor, claude_standin: Standin, shelf: Shelf
) -> None:
    claude_standin.script(
        *[Answer(tool_use=search(f"try {n}")) for n in range(driver.MOST_ROUNDS)], "Not found."
    )
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Not found.", {"done": "complete"})
    records = claude_standin.requests
    assert len(records) == driver.MOST_ROUNDS + 1
    assert records[-1].body["tool_choice"] == {"type": "none"}
    assert all("tool_choice" not in record.body for record in records[:-1])


def test_all_rounds_are_booked_together(
    visitor: Visitor, claude_standin: Standin, shelf: Shelf
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
    visitor: Visitor, claude_standin: Standin, shelf: Shelf
) -> None:
    claude_standin.script(Answer("Let me look.", tool_use=search("gold")), Answer(status=400))
    events = visitor.ask("Hello")
    assert (text_of(events), events[-1]) == ("Let me look.", {"done": "interrupted"})


def test_thinking_goes_back_to_claude_as_it_came(
    visitor: Visitor, claude_standin: Standin, shelf: Shelf, settings: Settings
) -> None:
    settings.CHAT_MODEL = "claude-opus-5-5"
    claude_standin.script(Answer("", thinking="Hm.", tool_use=search("gold")), "Five.")
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    said = claude_standin.requests[-1].body["messages"][-2]["content"]
    assert [block["type"] for block in said] == ["thinking", "tool_use"]
    assert said[0]["signature"]


def test_a_tool_that_was_never_offered_does_nothing(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script(Answer("", tool_use=[{"name": "rm", "input": {}}]), "Never mind.")
    assert visitor.ask("Hello")[-1] == {"done": "complete"}
    [result] = claude_standin.requests[-1].body["messages"][-1]["content"]
    assert result["is_error"] is True
