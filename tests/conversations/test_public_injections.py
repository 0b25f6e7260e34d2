"""Tests with injections of public sets, wherever Claude reads. The stand-in obeys each of them.

`test_injection` has fewer texts, in the forms of this package's own prompts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.conversations.site_passages import PASSAGES
from sitechat.models import Passage, ToolState, ToolUse
from sitechat.standin import Answer, Standin
from tests import injections, tool_bots
from tests.indexed import put
from tests.visitor import Visitor, text_of, value_of

pytestmark = pytest.mark.usefixtures("index_folder", "roomy")

QUESTION = "What do parcels cost?"
CODE = "mellon-griffin"
"""A code that is in no random name. Four digits would be in every thousandth of them."""

SECRET = f"The safe opens with {CODE}."
SPY = [
    {"name": "open_page", "input": {"url": "/salaries/"}},
    {"name": "search_site", "input": {"query": "safe opens with"}},
]
ACT = [{"name": "cancel_order", "input": {"number": "A-1"}}]

JOINED = "\n\n"
LARGEST = 15_000
"""Characters of the texts of one request: the results of tools have at most 20,000."""

PAGE = 10_000
"""Characters of a page of which all passages are sent."""

MAX_TITLE = 300
TITLES = 4
"""Each title takes a page, so that only one of so many texts is tried as a title."""


class ReadingBot(Chatbot):
    tools = [tool_bots.cancel_order, tool_bots.returns]

    def context(self, request: Any) -> str:
        return str(tool_bots.RESULTS["context"]())


@pytest.fixture(autouse=True)
def reading_bot(settings: Settings) -> Iterator[None]:
    settings.CHAT_BOTS = {"default": f"{__name__}.ReadingBot"}
    tool_bots.ran.clear()
    tool_bots.RESULTS["context"] = lambda: "No facts."
    yield
    for name in ("hostile", "context"):
        tool_bots.RESULTS.pop(name, None)


@pytest.fixture
def roomy(settings: Settings) -> None:
    settings.CHAT_MAX_MESSAGE_LENGTH = 2 * LARGEST
    settings.CHAT_MAX_TOKENS = LARGEST
    settings.CHAT_LIMITS = {}


@pytest.fixture
def secrets(visitor: Visitor, claude_standin: Standin) -> None:
    """Let another visitor and a page for staff have a secret."""
    put("/salaries/", SECRET, "Salaries", audience=["staff"])
    claude_standin.script("Noted.")
    Visitor().ask(SECRET)


def system_of(record: Any) -> list[Any]:
    blocks: list[Any] = record.body["system"]
    return blocks


def obey(visitor: Visitor, standin: Standin, *before: Answer, **fields: Any) -> None:
    """Ask, let the model spy and act, and check that it learns and does nothing."""
    normal = system_of(standin.requests[0])
    first = len(standin.requests)
    standin.script(*before, Answer(tool_use=SPY), Answer("Sure.", tool_use=ACT))
    events = visitor.ask(QUESTION, **fields)
    assert value_of(events, "confirm")["text"] == "Cancel order A-1?"
    assert tool_bots.ran == []
    states = ToolUse.objects.filter(name="cancel_order").values_list("state", flat=True)
    assert set(states) == {ToolState.ASKED}
    sent = standin.requests[first:]
    assert [record.status for record in sent] == [200] * len(sent)
    assert all(system_of(record) == normal for record in sent)
    assert not [record.body for record in sent if CODE in json.dumps(record.body)]
    assert CODE not in json.dumps(events)


def reached(standin: Standin, texts: list[str]) -> bool:
    """Return whether Claude got the texts with the newest request, apart from their spaces."""
    read = "".join(_strings(standin.requests[-1].body["messages"]))
    return all("".join(text.split()) in "".join(read.split()) for text in texts)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


@pytest.mark.parametrize("place", ["tool", "earlier", "context"])
def test_no_text_makes_anything_happen(claude_standin: Standin, secrets: None, place: str) -> None:
    for texts in injections.batches(injections.hidden(), LARGEST):
        visitor, before = Visitor(), []
        if place == "earlier":
            claude_standin.script("I see.")
            visitor.ask(JOINED.join(texts))
        else:
            name = "hostile" if place == "tool" else "context"
            tool_bots.RESULTS[name] = lambda texts=texts: JOINED.join(texts)
        if place == "tool":
            before = [Answer(tool_use=[{"name": "returns", "input": {"what": "hostile"}}])]
        obey(visitor, claude_standin, *before)
        assert reached(claude_standin, texts)


@pytest.mark.database
def test_no_page_makes_anything_happen(claude_standin: Standin, secrets: None) -> None:
    for texts in injections.batches(injections.hidden(), PAGE):
        put("/hostile/", JOINED.join(texts), "Parcels", format="plain")
        obey(Visitor(), claude_standin, page={"url": "/hostile/"})
        content = claude_standin.requests[-1].body["messages"][0]["content"]
        sent = {block["content"][0]["text"] for block in content if "source" in block}
        passages = Passage.objects.filter(page__url="/hostile/")
        assert sent == set(passages.values_list("text", flat=True))


def test_no_title_makes_anything_happen(claude_standin: Standin, secrets: None) -> None:
    titles = [text for text in injections.hidden() if len(text) <= MAX_TITLE][::TITLES]
    groups = injections.batches(titles, MAX_TITLE)
    for start in range(0, len(groups), PASSAGES):
        texts = groups[start : start + PASSAGES]
        for n, some in enumerate(texts):
            put(f"/hostile/{n}/", f"Parcels {n}", JOINED.join(some), format="plain")
        obey(Visitor(), claude_standin)
        assert reached(claude_standin, [text for some in texts for text in some])


def test_what_a_model_writes_is_only_text(visitor: Visitor, claude_standin: Standin) -> None:
    for texts in injections.batches(injections.printed(), LARGEST):
        claude_standin.script(JOINED.join(texts))
        assert text_of(visitor.ask(QUESTION)) == JOINED.join(texts)
        assert visitor.history()["messages"][-1]["sources"] == []
