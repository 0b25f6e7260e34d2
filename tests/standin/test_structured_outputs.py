"""Tests that the stand-in takes and refuses structured outputs as the API does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sitechat.standin.api_errors import Refused
from sitechat.standin.request_rules import check
from sitechat.standin.structured_outputs import make_example

VERDICT = {
    "type": "object",
    "properties": {"meets": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["meets", "reason"],
    "additionalProperties": False,
}
RESULT = {
    "type": "search_result",
    "source": "/",
    "title": "Home",
    "content": [{"type": "text", "text": "Hello"}],
    "citations": {"enabled": True},
}


def body(schema: Any, *blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [*blocks, {"type": "text", "text": "Hi"}]}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}, **fields},
    }


def test_a_plain_object_is_accepted() -> None:
    check(body(VERDICT, effort="low"))
    assert json.loads(json.dumps(make_example(VERDICT))) == {"meets": True, "reason": ""}


def test_an_example_uses_the_first_choice() -> None:
    assert make_example({"enum": ["a", "b"]}) == "a"
    assert make_example({"anyOf": [{"type": "null"}, {"type": "string"}]}) is None


def test_a_reference_that_is_not_recursive_is_resolved() -> None:
    kind = {"enum": ["a", "b"]}
    both = {"first": {"$ref": "#/$defs/kind"}, "second": {"$ref": "#/$defs/kind"}}
    schema = {
        "type": "object",
        "properties": both,
        "required": [*both],
        "additionalProperties": False,
        "$defs": {"kind": kind},
    }
    check(body(schema))
    assert make_example(schema) == {"first": "a", "second": "a"}


REFUSED: list[tuple[Any, str]] = [
    ("object", "should be an object"),
    ({"type": "object", "properties": {}}, "additionalProperties"),
    ({"type": "integer", "minimum": 1}, "'minimum' is not supported"),
    ({"type": "string", "minLength": 1}, "'minLength' is not supported"),
    ({"type": "text"}, "should be one of"),
    ({"$ref": "#"}, "recursive"),
    (
        {"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
        "recursive",
    ),
    ({"$ref": "#/$defs/a", "$defs": {"b": {"type": "null"}}}, "reference into this schema"),
    ({"$ref": "https://example.org/a.json"}, "reference into this schema"),
    ({"$ref": 1}, "reference into this schema"),
    (
        {
            "type": "object",
            "properties": {f"p{n}": {"type": "string"} for n in range(25)},
            "additionalProperties": False,
        },
        "at most 24 optional",
    ),
]


@pytest.mark.parametrize(("schema", "reason"), REFUSED)
def test_unsupported_schemas_are_refused(schema: Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check(body(schema))


def test_citations_are_refused_with_structured_outputs() -> None:
    with pytest.raises(Refused, match="citations are not supported"):
        check(body(VERDICT, RESULT))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"service_tier": "fast"}, "service_tier"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"inference_geo": "us", "model": "claude-haiku-4-5"}, "not supported"),
    ],
)
def test_unknown_service_parameters_are_refused(fields: dict[str, Any], reason: str) -> None:
    plain = {**body(VERDICT), **fields}
    del plain["output_config"]
    with pytest.raises(Refused, match=reason):
        check(plain)
