"""Tests that a value of any type in a request is accepted or refused, and never breaks a rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from sitechat.standin.api_errors import Refused
from sitechat.standin.fallbacks import BETA
from sitechat.standin.request_rules import check

BODY: dict[str, Any] = {
    "model": "claude-opus-5",
    "max_tokens": 2048,
    "stream": True,
    "stop_sequences": ["END"],
    "metadata": {"user_id": "ann"},
    "service_tier": "auto",
    "inference_geo": "us",
    "thinking": {"type": "adaptive"},
    "fallbacks": [{"model": "claude-opus-4-8", "max_tokens": 100}],
    "output_config": {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"kind": {"anyOf": [{"type": "string"}]}, "list": {"type": "array"}},
                "required": ["kind"],
                "additionalProperties": False,
            },
        },
    },
    "system": [{"type": "text", "text": "Help.", "cache_control": {"type": "ephemeral"}}],
    "tools": [{"name": "search", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "tool", "name": "search"},
    "messages": [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "", "signature": "x"},
                {"type": "text", "text": "Hi", "citations": [{"type": "search_result_location"}]},
                {"type": "tool_use", "id": "t1", "name": "search", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [
                        {
                            "type": "search_result",
                            "source": "/",
                            "title": "Home",
                            "content": [{"type": "text", "text": "We bake."}],
                            "citations": {"enabled": False},
                        }
                    ],
                },
                {"type": "text", "text": "More?"},
            ],
        },
    ],
}

ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], ["x"], [[]], {}, {"x": 1}]


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*above, key)
        if isinstance(inner, (dict, list)):
            yield from paths(inner, (*above, key))


@pytest.mark.parametrize("path", list(paths(BODY)), ids=str)
def test_any_value_is_accepted_or_refused(path: tuple[Any, ...]) -> None:
    for value in ODD:
        body = deepcopy(BODY)
        inner: Any = body
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        with suppress(Refused):
            check(body, betas=[BETA])


def test_the_request_without_changes_is_accepted() -> None:
    assert check(BODY, betas=[BETA]).name == "claude-opus-5"
