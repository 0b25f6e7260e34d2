"""Tests of the parameters for each model: low effort, limits and only supported ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sitechat.claude.messages import SearchResult
from sitechat.claude.request import Request
from sitechat.standin import request_rules
from sitechat.standin.catalog import EFFORTS, find_model
from sitechat.standin.catalog import MODELS as STANDIN_MODELS
from sitechat.standin.response_composing import thinks
from sitechat.standin.simulated_cache import count_input

MODELS = [*STANDIN_MODELS, "claude-haiku-5-5-20260901"]
ALWAYS = {model for model in MODELS if "fable" in model or "mythos" in model}
ALWAYS |= {"claude-opus-5-5"}
TOOL = {"name": "search_site", "description": "Searches.", "input_schema": {"type": "object"}}


def request(model: str = "claude-opus-4-7", text: str = "Hello", **fields: Any) -> Request:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    return Request(**{"model": model, "max_tokens": 100, "messages": messages, **fields})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tools", [(), (TOOL,)])
@pytest.mark.parametrize("max_tokens", [1, 500_000])
def test_every_model_takes_what_it_is_asked(
    model: str, tools: tuple[Any, ...], max_tokens: int
) -> None:
    system = [{"type": "text", "text": "Hi"}]
    asked = request(model, tools=tools, user_id="abc", system=system, max_tokens=max_tokens)
    for effort in (None, *EFFORTS):
        with_effort = replace(asked, effort=effort)
        request_rules.check(with_effort.parameters())
        request_rules.check(with_effort.without_tools().parameters())


@pytest.mark.parametrize("model", ["claude-fable-5-2", "claude-mythos-5-2", "claude-opus-5-5"])
def test_models_that_always_think_have_room_for_it_by_their_effort(model: str) -> None:
    asked = {effort: request(model, effort=effort).parameters() for effort in (None, *EFFORTS)}
    assert asked[None] == asked["low"]
    assert asked[None]["output_config"] == {"effort": "low"}
    rooms = [asked[effort]["max_tokens"] for effort in EFFORTS]
    assert rooms[0] == 100 + 4096
    assert rooms == sorted(set(rooms))
    assert not any("thinking" in parameters for parameters in asked.values())


@pytest.mark.parametrize(
    ("model", "effort", "sent", "thinking", "room"),
    [
        ("claude-opus-4-7", None, None, None, False),
        ("claude-opus-4-7", "max", "max", None, False),
        ("claude-opus-4-6", "xhigh", "high", None, False),
        ("claude-haiku-4-5", "high", None, None, False),
        ("claude-haiku-5-5", None, None, "disabled", False),
        ("claude-haiku-5-5", "high", "high", "disabled", False),
        ("claude-haiku-5-5", "xhigh", "xhigh", None, True),
        ("claude-opus-5", "max", "max", None, True),
        ("claude-sonnet-5", "max", "max", "disabled", False),
        ("claude-sonnet-5-5", "medium", "medium", "between_tools", False),
        ("claude-sonnet-5-5", "xhigh", "xhigh", None, True),
        ("my-own-model", "high", "high", None, False),
        ("my-own-model", "ultra", "ultra", None, False),
        ("claude-fable-5-2", "ultra", "max", None, True),
    ],
)
def test_the_effort_that_a_bot_sets(
    model: str, effort: str | None, sent: str | None, thinking: str | None, room: bool
) -> None:
    parameters = request(model, effort=effort).parameters()
    assert parameters.get("output_config", {}).get("effort") == sent
    assert parameters.get("thinking", {}).get("type") == thinking
    assert (parameters["max_tokens"] > 100) == room


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
    first = request(passages=[SearchResult("A", "/a/", "a")])
    call = {"type": "tool_use", "id": "t1", "name": "search_site", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": []}
    second = first.answered([call], [result], [SearchResult("B", "/b/", "b")])
    assert second.messages == [
        *first.messages,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    assert [passage.title for passage in second.passages] == ["A", "B"]
    request_rules.check(replace(second, tools=[TOOL]).parameters())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "text", ["Hello", "x" * 2000, "🦊" * 2000, "\x01" * 2000, '"\\' * 1000, "你好" * 1000]
)
def test_the_reservation_covers_the_bill(model: str, text: str) -> None:
    known = find_model(model)
    assert known is not None
    asked = request(model, text, system=[{"type": "text", "text": "Be kind. " * 300}])
    assert asked.max_input >= count_input(asked.parameters(), known)
    assert asked.max_output == asked.parameters()["max_tokens"]
