"""Tests of the validation of JSON Schemas of tools."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sitechat.tools.schema_limits import problem_of


def chain(length: int, references: int) -> dict[str, Any]:
    """Return a schema whose definitions refer to the next one so many times."""
    definitions: dict[str, Any] = {
        f"n{n}": {"allOf": [{"$ref": f"#/$defs/n{n + 1}"}] * references} for n in range(length)
    }
    definitions[f"n{length}"] = {"type": "string"}
    return {"type": "object", "$defs": definitions, "$ref": "#/$defs/n0"}


def nested(depth: int) -> dict[str, Any]:
    """Return a schema with so many objects within one another."""
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "items": schema}
    return schema


def test_a_schema_that_grows_with_each_reference_is_refused_quickly() -> None:
    started = time.thread_time()
    assert "more than 10000 nested definitions" in problem_of(chain(100, 2))
    assert time.thread_time() - started < 1


@pytest.mark.parametrize("schema", [{"type": "object"}, chain(50, 1), chain(3, 2)])
def test_other_schemas_are_accepted(schema: dict[str, Any]) -> None:
    assert problem_of(schema) == ""


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (None, "no named arguments"),
        ({"type": "string"}, "no named arguments"),
        ({"type": "object", "title": "x" * 20_000}, "more than 20000 characters"),
        ({"type": "object", "default": object()}, "is not JSON"),
        ({"type": "object", "$ref": "https://example.org/a"}, "another document"),
        (
            {
                "type": "object",
                "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
                "$ref": "#/$defs/a",
            },
            "recursive",
        ),
        (nested(40), "nested too deeply"),
    ],
)
def test_unsuitable_schemas_are_refused(schema: Any, problem: str) -> None:
    assert problem in problem_of(schema)
