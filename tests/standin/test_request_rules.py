"""Tests of invalid requests that the stand-in rejects, like the API."""

from __future__ import annotations

from typing import Any

import pytest

from sitechat.standin.api_errors import Refused
from sitechat.standin.request_rules import check

USER = {"role": "user", "content": "Hello"}
ASSISTANT = {"role": "assistant", "content": "Hi"}
MARK = {"cache_control": {"type": "ephemeral"}}
TOOL = {"name": "search_site", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "search_site", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "found"}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def found(*, cited: bool | None = None) -> dict[str, Any]:
    block: dict[str, Any] = {
        "type": "search_result",
        "source": "/a/",
        "title": "A",
        "content": [text("About A.")],
    }
    if cited is not None:
        block["citations"] = {"enabled": cited}
    return block


def request(*messages: Any, **fields: Any) -> dict[str, Any]:
    return {
        "model": "claude-opus-4-7",
        "max_tokens": 100,
        "messages": list(messages) or [USER],
        **fields,
    }


ACCEPTED = {
    "the plainest request": request(),
    "everything that a chat sends": request(
        user(text("<page>Text</page>"), found(cited=True), text("Q", **MARK)),
        system=[text("Be kind.", **MARK)],
        cache_control={"type": "ephemeral"},
        metadata={"user_id": "5f2c"},
        stream=True,
        tools=[TOOL],
        tool_choice={"type": "auto"},
        stop_sequences=["END"],
    ),
    "two messages of one role": request(USER, USER),
    "a conversation": request(USER, ASSISTANT, USER),
    "a tool round": request(USER, assistant(text("Wait."), CALL), user(RESULT)),
    "a question after the result": request(USER, assistant(CALL), user(RESULT, text("And?"))),
    "a result and a question in two messages": request(USER, assistant(CALL), user(RESULT), USER),
    "a failed tool": request(USER, assistant(CALL), user({**RESULT, "is_error": True})),
    "thinking that is given back": request(
        USER,
        assistant({"type": "thinking", "thinking": "", "signature": "x"}, text("Hi")),
        USER,
    ),
    "prefill on an old model": request(USER, ASSISTANT, model="claude-haiku-4-5"),
    "a dated name": request(model="claude-haiku-4-5-20251001"),
    "thinking on an old model": request(
        model="claude-haiku-4-5",
        max_tokens=2000,
        thinking={"type": "enabled", "budget_tokens": 1024},
    ),
    "no thinking where it can be switched off": request(
        model="claude-opus-5", thinking={"type": "disabled"}
    ),
    "a later system message": request(
        USER, {"role": "system", "content": "Be brief."}, USER, model="claude-opus-5"
    ),
    "the longest answer": request(max_tokens=128_000),
}

REFUSED = {
    "not an object": ([], "JSON object"),
    "no model": ({"max_tokens": 1, "messages": [USER]}, "model: Field required"),
    "no max_tokens": ({"model": "claude-opus-4-7", "messages": [USER]}, "max_tokens: Field"),
    "no messages": ({"model": "claude-opus-4-7", "max_tokens": 1}, "messages: Field required"),
    "an unknown field": (request(history=[]), "history: Extra inputs"),
    "an empty list of messages": ({**request(), "messages": []}, "at least one message"),
    "messages that are no list": ({**request(), "messages": "Hello"}, "valid list"),
    "a first message of the assistant": (request(ASSISTANT, USER), 'must use the "user" role'),
    "an unknown role": (request(USER, {"role": "bot", "content": "Hi"}), "messages.1.role"),
    "a system message on a model without them": (
        request(USER, {"role": "system", "content": "Hi"}, USER),
        "not supported for this model",
    ),
    "an unknown field of a message": (request({**USER, "id": 5}), "messages.0.id: Extra"),
    "an empty content": (request(user()), "non-empty content"),
    "an empty string": (request({"role": "user", "content": ""}), "non-empty content"),
    "an empty text": (request(user(text(""))), "must be non-empty"),
    "a blank text": (request(user(text(" \n"))), "non-whitespace"),
    "a blank string": (request({"role": "user", "content": " \n"}), "non-whitespace"),
    "an empty text in the system prompt": (request(system=[text("")]), "must be non-empty"),
    "an empty text of the assistant": (
        request(USER, {"role": "assistant", "content": ""}, USER),
        "non-empty content",
    ),
    "an unknown block": (request(user({"type": "video"})), "messages.0.content.0"),
    "a tool_use of the user": (request(user(CALL)), "messages.0.content.0"),
    "an unknown field of a block": (request(user(text("Hi", parsed=1))), "parsed: Extra"),
    "max_tokens of zero": (request(max_tokens=0), "greater than or equal to 1"),
    "max_tokens that is a text": (request(max_tokens="9"), "valid integer"),
    "max_tokens above the model's": (request(max_tokens=128_001), "128001 > 128000"),
    "max_tokens above an old model's": (
        request(max_tokens=64_001, model="claude-haiku-4-5"),
        "64001 > 64000",
    ),
    "five breakpoints": (request(user(*[text(str(n), **MARK) for n in range(5)])), "Found 5"),
    "five breakpoints with the automatic one": (
        request(
            user(*[text(str(n), **MARK) for n in range(4)], text("end")),
            cache_control={"type": "ephemeral"},
        ),
        "Found 5",
    ),
    "a wrong breakpoint": (request(user(text("Hi", cache_control={"type": "x"}))), "ephemeral"),
    "an hour after five minutes": (
        request(
            user(text("Hi", cache_control={"type": "ephemeral", "ttl": "1h"})),
            system=[text("Be kind.", **MARK)],
        ),
        "must not come after",
    ),
    "prefill": (request(USER, ASSISTANT), "does not support assistant message prefill"),
    "prefill on 4.6": (request(USER, ASSISTANT, model="claude-sonnet-4-6"), "prefill"),
    "a tool name with a blank": (
        request(tools=[{**TOOL, "name": "search site"}]),
        "should match pattern",
    ),
    "a tool name of 65 letters": (
        request(tools=[{**TOOL, "name": "x" * 65}]),
        "should match pattern",
    ),
    "a tool name with a newline": (
        request(tools=[{**TOOL, "name": "search\n"}]),
        "should match pattern",
    ),
    "a tool without a schema": (request(tools=[{"name": "x"}]), "input_schema: Field required"),
    "two tools of one name": (request(tools=[TOOL, TOOL]), "must be unique"),
    "a choice without tools": (request(tool_choice={"type": "auto"}), "while providing `tools`"),
    "a choice of an unknown tool": (
        request(tools=[TOOL], tool_choice={"type": "tool", "name": "x"}),
        "not found in provided tools",
    ),
    "a forced tool on a model without them": (
        request(tools=[TOOL], tool_choice={"type": "any"}, model="claude-opus-5-5"),
        "forced tool use",
    ),
    "a tool_use without its result": (
        request(USER, assistant(CALL), USER),
        "without `tool_result` blocks immediately after: toolu_1",
    ),
    "a tool_use at the end": (
        request(USER, assistant(CALL), model="claude-haiku-4-5"),
        "without `tool_result`",
    ),
    "a result after a text": (
        request(USER, assistant(CALL), user(text("Here:"), RESULT)),
        "must come first",
    ),
    "a result that is late": (
        request(USER, assistant(CALL), USER, ASSISTANT, user(RESULT)),
        "without `tool_result`",
    ),
    "a result of nothing": (request(user(RESULT)), "unexpected `tool_use_id`"),
    "two results of one call": (
        request(USER, assistant(CALL), user(RESULT, RESULT)),
        "single result",
    ),
    "one id for two calls": (
        request(USER, assistant(CALL), user(RESULT), assistant(CALL), user(RESULT)),
        "ids must be unique",
    ),
    "a result of search results and text": (
        request(USER, assistant(CALL), user({**RESULT, "content": [found(), text("More")]})),
        "all blocks must be of that type",
    ),
    "mixed citations": (
        request(user(found(cited=True), found(cited=False), text("Q"))),
        "all or none",
    ),
    "citations that are left out of one": (
        request(user(found(cited=True), found(), text("Q"))),
        "all or none",
    ),
    "mixed citations with a tool result": (
        request(
            user(found(cited=True), text("Q")),
            assistant(CALL),
            user({**RESULT, "content": [found(cited=False)]}),
        ),
        "all or none",
    ),
    "thinking with a budget on 4.7": (
        request(max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024}),
        '"thinking.type.enabled" is not supported',
    ),
    "no thinking on a model that always thinks": (
        request(model="claude-opus-5-5", thinking={"type": "disabled"}),
        '"thinking.type.disabled" is not supported',
    ),
    "an effort that is none": (
        request(output_config={"effort": "ultra"}),
        "output_config.effort: Input should be 'low'",
    ),
    "an effort that the model does not know": (
        request(model="claude-opus-4-6", output_config={"effort": "xhigh"}),
        "Supported: low, medium, high, max",
    ),
    "an effort on a model that knows none": (
        request(model="claude-haiku-4-5", output_config={"effort": "low"}),
        "Supported: none",
    ),
    "no thinking with much effort": (
        request(
            model="claude-opus-5",
            thinking={"type": "disabled"},
            output_config={"effort": "xhigh"},
        ),
        "an effort above 'high'",
    ),
    "a budget above max_tokens": (
        request(
            model="claude-haiku-4-5",
            max_tokens=1024,
            thinking={"type": "enabled", "budget_tokens": 1024},
        ),
        "must be greater",
    ),
    "a long user id": (request(metadata={"user_id": "x" * 257}), "at most 256"),
    "unknown metadata": (request(metadata={"ip": "::1"}), "metadata.ip: Extra"),
    "stream that is no boolean": (request(stream=1), "valid boolean"),
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_valid_requests_are_accepted(body: Any) -> None:
    assert body["model"].startswith(check(body).name)


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_invalid_requests_are_refused(body: Any, message: str) -> None:
    with pytest.raises(Refused) as caught:
        check(body)
    assert (caught.value.status, caught.value.kind) == (400, "invalid_request_error")
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_parameters_ended_with_a_version_and_with_a_model(name: str) -> None:
    old = request(model="claude-sonnet-4-6", **{name: 1})
    assert check(old, "2023-06-01")
    for body, version in ((old, "2026-10-21"), (request(**{name: 1}), "2023-06-01")):
        with pytest.raises(Refused, match=name):
            check(body, version)


def test_an_unknown_model_is_not_found() -> None:
    with pytest.raises(Refused, match="claude-9") as caught:
        check(request(model="claude-9"))
    assert (caught.value.status, caught.value.kind) == (404, "not_found_error")


def test_counting_takes_no_max_tokens() -> None:
    body = request()
    with pytest.raises(Refused, match="max_tokens: Extra"):
        check(body, counting=True)
    del body["max_tokens"]
    assert check(body, counting=True)
