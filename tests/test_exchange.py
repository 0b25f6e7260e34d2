"""What is asked of each model: it answers soon, within its limit, and refuses no parameter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sitechat.exchange import Request, Usage
from sitechat.history import Document
from sitechat.standin import rules
from sitechat.standin.caching import count_input
from sitechat.standin.catalog import find_model
from sitechat.standin.compose import thinks

MODELS = [
    "claude-haiku-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-sonnet-5",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-fable-5-1",
    "claude-haiku-5-5-20260901",
]
ALWAYS = {"claude-opus-5-5", "claude-fable-5-1"}
TOOL = {"name": "search_site", "description": "Searches.", "input_schema": {"type": "object"}}


def request(model: str = "claude-opus-4-7", text: str = "Hello", **fields: Any) -> Request:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    return Request(**{"model": model, "max_tokens": 100, "messages": messages, **fields})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tools", [(), (TOOL,)])
def test_every_model_takes_what_it_is_asked(model: str, tools: tuple[Any, ...]) -> None:
    asked = request(model, tools=tools, user_id="abc", system=[{"type": "text", "text": "Hi"}])
    rules.check(asked.parameters())
    rules.check(asked.without_tools().parameters())


@pytest.mark.parametrize("model", MODELS)
def test_only_models_that_must_think_do_and_they_get_room_for_it(model: str) -> None:
    known = find_model(model)
    assert known is not None
    parameters = request(model).parameters()
    assert thinks(parameters, known) == (model in ALWAYS)
    assert (parameters["max_tokens"] > 100) == (model in ALWAYS)


@pytest.mark.parametrize("model", ["claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5"])
def test_servers_that_do_not_know_thinking_are_not_asked_for_any(model: str) -> None:
    parameters = request(model, thinking=False).parameters()
    assert set(parameters) == {"model", "max_tokens", "messages"}
    assert parameters["max_tokens"] == 100


@pytest.mark.parametrize("prefix", ["us.anthropic.", "publishers/anthropic/models/"])
def test_a_model_is_known_by_the_names_that_clouds_give_it(prefix: str) -> None:
    assert request(f"{prefix}claude-opus-5").parameters()["thinking"] == {"type": "disabled"}


def test_no_sampling_parameter_is_ever_sent() -> None:
    for model in MODELS:
        assert not {"temperature", "top_p", "top_k"} & set(request(model).parameters())


def test_the_last_round_of_tools_may_not_use_any() -> None:
    parameters = request(tools=(TOOL,)).without_tools().parameters()
    assert (parameters["tools"], parameters["tool_choice"]) == ([TOOL], {"type": "none"})


def test_a_tool_round_goes_on_from_what_claude_said() -> None:
    first = request(documents=[Document("A", "/a/", "a")])
    call = {"type": "tool_use", "id": "t1", "name": "search_site", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": []}
    second = first.answered([call], [result], [Document("B", "/b/", "b")])
    assert second.messages == [
        *first.messages,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    assert [document.title for document in second.documents] == ["A", "B"]
    rules.check(replace(second, tools=[TOOL]).parameters())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "text", ["Hello", "x" * 2000, "🦊" * 2000, "\x01" * 2000, '"\\' * 1000, "你好" * 1000]
)
def test_the_reservation_covers_the_bill(model: str, text: str) -> None:
    known = find_model(model)
    assert known is not None
    asked = request(model, text, system=[{"type": "text", "text": "Be kind. " * 300}])
    assert asked.most_input >= count_input(asked.parameters(), known)
    assert asked.most_output == asked.parameters()["max_tokens"]


def test_usage_adds_up_over_rounds() -> None:
    total = Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40)
    assert total == Usage(11, 22, 33, 44)
