"""Tests of confirmed tools: what is stored meanwhile, and what can go wrong at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from sitechat.engine import lost_replies
from sitechat.models import Message, Status, ToolState, ToolUse
from sitechat.standin import Answer, Standin
from tests import tool_bots
from tests.confirming import answer, begin, cancel, results
from tests.visitor import MakeVisitor, Visitor, events_of, text_of, value_of

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def tool_bot(settings: Settings) -> Iterator[None]:
    """Use a bot with tools."""
    settings.CHAT_BOTS = {"default": "tests.tool_bots.ConfirmBot"}
    tool_bots.over.clear()
    tool_bots.ran.clear()
    yield
    tool_bots.over.set()


def test_thinking_goes_back_only_to_what_it_followed_on(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_MODEL = "claude-opus-5-5"
    for prompt, kinds in (("Same.", ["thinking", "tool_use"]), ("Other.", ["tool_use"])):
        settings.CHAT_SYSTEM_PROMPT = "Same."
        claude_standin.script(Answer("", thinking="Hm.", tool_use=[cancel()]), "Done.")
        events = visitor.ask("Cancel it")
        settings.CHAT_SYSTEM_PROMPT = prompt
        asked = value_of(events, "confirm")["id"]
        assert text_of(events_of(answer(visitor, value_of(events, "reply"), asked))) == "Done."
        content = claude_standin.requests[-1].body["messages"][-2]["content"]
        assert [block["type"] for block in content] == kinds


def test_the_sites_facts_about_the_visitor_are_not_stored(
    visitor: Visitor, claude_standin: Standin
) -> None:
    reply, question = begin(visitor, claude_standin)
    assert "Gold plan" in json.dumps(claude_standin.requests[-1].body)
    assert "Gold plan" not in ToolUse.objects.get().continuation
    events_of(answer(visitor, reply, question["id"]))
    first, second = (record.body["messages"] for record in claude_standin.requests)
    assert second[: len(first)] == first


def test_a_call_whose_process_died_has_an_unknown_outcome(
    visitor: Visitor, claude_standin: Standin
) -> None:
    reply, _question = begin(visitor, claude_standin)
    ToolUse.objects.update(state=ToolState.STARTED)
    long_ago = timezone.now() - timedelta(hours=1)
    Message.objects.filter(pk=reply).update(
        status=Status.RUNNING, process=None, updated=long_ago, confirm=None, reserved={}
    )
    assert lost_replies.end_lost(Message.objects.all()) == 1
    assert ToolUse.objects.get().state == ToolState.UNKNOWN
    error = visitor.poll(reply)["error"]
    assert (error["error"], error["retryable"]) == ("interrupted", False)
    assert "check whether" in error["message"]


@pytest.mark.django_db(transaction=True)
def test_a_tool_that_takes_too_long_has_an_unknown_outcome_until_it_ends(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    visitor = live_visitor()
    use = {"name": "slow_order", "input": {}}
    reply, question = begin(visitor, claude_standin, use)
    assert text_of(events_of(answer(visitor, reply, question["id"]))) == "\n\nIt is done."
    assert "not known" in results(claude_standin)[0]["content"][0]["text"]
    assert ToolUse.objects.get().state == ToolState.UNKNOWN


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_decides(
    live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    visitor = live_visitor()
    reply, question = begin(visitor, claude_standin)
    tabs = [live_visitor() for _ in range(4)]
    for tab in tabs:
        tab.client.cookies = visitor.client.cookies
    together = threading.Barrier(len(tabs))

    def press(tab: Visitor) -> int:
        together.wait(30)
        try:
            response = answer(tab, reply, question["id"])
            if response.status_code == 200:
                events_of(response)
            return int(response.status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tabs)) as pool:
        statuses = sorted(pool.map(press, tabs))
    assert statuses == [200, 409, 409, 409]
    assert len(tool_bots.ran) == 1
