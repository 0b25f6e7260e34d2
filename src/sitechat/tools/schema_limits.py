"""Validation of the JSON Schemas of tools, before they are sent to Claude."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

MAX_LENGTH = 20_000
"""Maximum length of a schema as JSON, in characters. Claude reads it with every message."""

MAX_DEPTH = 32
"""Maximum nesting of a schema."""

MAX_EXPANSIONS = 10_000
"""Maximum sum of the numbers that `_expansions` returns for the references of a schema.

Validators follow every reference. Without this limit, validation with a short schema might take
years.
"""


class _Recursive(Exception):
    """A reference leads back to itself."""


def problem_of(schema: Any) -> str:
    """Return why a schema can't be used; "" if it can.

    The reason is the predicate of a sentence about the tool, such as "has a recursive type".
    """
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return "takes no named arguments"
    try:
        if len(json.dumps(schema)) > MAX_LENGTH:
            return f"has a schema of more than {MAX_LENGTH} characters"
        references = list(_references(schema))
    except (TypeError, ValueError, RecursionError):
        return "has a schema that is not JSON or is nested too deeply"
    if any(not reference.startswith("#/") for reference in references):
        return "has a schema that refers to another document"
    try:
        if sum(_expansions(schema, references).values()) > MAX_EXPANSIONS:
            return f"has a schema with more than {MAX_EXPANSIONS} nested definitions"
    except _Recursive:
        return "has a recursive type"
    except RecursionError:
        return "has a schema that is not JSON or is nested too deeply"
    return ""


def _references(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the targets of all references, such as `$ref`, below a value.

    Raise RecursionError if the value is nested more than MAX_DEPTH levels deep.
    """
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name in ("$ref", "$dynamicRef") and isinstance(each, str):
                yield each
            else:
                yield from _references(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each, depth + 1)


def _expansions(schema: Mapping[str, Any], references: list[str]) -> dict[str, int]:
    """Return how many definitions each reference stands for, by reference.

    If a definition has references itself, their definitions are counted, too.

    Raises:
        _Recursive: A reference leads back to itself.
    """
    counts: dict[str, int] = {}
    path: set[str] = set()

    def count(reference: str) -> int:
        if reference in path:
            raise _Recursive
        if reference not in counts:
            path.add(reference)
            counts[reference] = 1 + sum(map(count, _references(_at(schema, reference))))
            path.remove(reference)
        return counts[reference]

    for reference in references:
        count(reference)
    return counts


def _at(schema: Any, reference: str) -> Any:
    """Return the part of a schema that a reference such as "#/$defs/Item" points to.

    Return None if there is no such part.
    """
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(schema, Mapping):
            return None
        schema = schema.get(part.replace("~1", "/").replace("~0", "~"))
    return schema
