"""JSON Schemas of tools: the ones that Claude can be sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

MAX_LENGTH = 20_000
"""Maximum length of a schema, as JSON. Claude reads it with every message."""

MAX_DEPTH = 32
"""Maximum nesting of a schema."""


def problem_of(schema: Any) -> str:
    """Return why Claude can't be sent a schema, as the rest of a sentence; "" if it can."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return "takes no named arguments"
    try:
        if len(json.dumps(schema)) > MAX_LENGTH:
            return f"has a schema of more than {MAX_LENGTH} characters"
        references = list(_references(schema))
    except (TypeError, ValueError, RecursionError):
        return "has a schema that is no JSON or is nested too deeply"
    if any(not reference.startswith("#/") for reference in references):
        return "has a schema that refers to another document"
    if _is_recursive(schema):
        return "has a recursive type"
    return ""


def _references(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield all `$ref` below a value."""
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


def _is_recursive(schema: Mapping[str, Any]) -> bool:
    """Return whether following references leads back to where they came from."""

    def leads_back(reference: str, path: tuple[str, ...]) -> bool:
        if reference in path:
            return True
        return any(
            leads_back(each, (*path, reference)) for each in _references(_at(schema, reference))
        )

    return any(leads_back(reference, ()) for reference in set(_references(schema)))


def _at(schema: Any, reference: str) -> Any:
    """Return the part of a schema that a reference such as "#/$defs/Item" points to."""
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(schema, Mapping):
            return None
        schema = schema.get(part.replace("~1", "/").replace("~0", "~"))
    return schema
