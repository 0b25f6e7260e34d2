"""Structured outputs: the schemas that `output_config.format` accepts, and examples of them."""

from __future__ import annotations

from typing import Any

from sitechat.standin import request_shapes
from sitechat.standin.api_errors import invalid_request
from sitechat.standin.request_content import Json, search_results

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
UNSUPPORTED_KEYWORDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    }
)
"""Keywords of JSON Schema that the API does not support."""

MAX_OPTIONAL = 24
"""Maximum number of optional properties of a schema and of all schemas in it."""
MAX_UNIONS = 16
"""Maximum number of schemas with `anyOf` or several types, including the schema itself."""


def check_format(body: Json) -> None:
    """Check that `output_config.format`, if there is one, is valid for this request.

    Raises:
        Refused: The format is malformed, its schema is not supported, or the request enables
            citations.
    """
    wanted = (body.get("output_config") or {}).get("format")
    if wanted is None:
        return
    path = "output_config.format"
    request_shapes.check_object(wanted, path, {"type", "schema"}, {"type", "schema"})
    if wanted["type"] != "json_schema":
        raise invalid_request(f"{path}.type: Input should be 'json_schema'")
    if not isinstance(wanted["schema"], dict):
        raise invalid_request(f"{path}.schema: Input should be an object")
    optional, unions = _check(wanted["schema"], f"{path}.schema", (), wanted["schema"])
    if optional > MAX_OPTIONAL or unions > MAX_UNIONS:
        raise invalid_request(
            f"{path}.schema: at most {MAX_OPTIONAL} optional parameters and {MAX_UNIONS} union "
            "types are allowed"
        )
    if any((result.get("citations") or {}).get("enabled") for result in search_results(body)):
        raise invalid_request(
            "output_config.format: citations are not supported with structured outputs"
        )


def _check(schema: Any, path: str, above: tuple[int, ...], root: Json) -> tuple[int, int]:
    """Check a schema and the schemas in it.

    Args:
        schema: The schema.
        path: Its path in the request, for messages.
        above: The identities of the schemas that contain it or refer to it.
        root: The outermost schema, which has the definitions.

    Returns:
        The number of optional properties, and the number of schemas with `anyOf` or several types.

    Raises:
        Refused: A schema is malformed or not supported.
    """
    if not isinstance(schema, dict):
        raise invalid_request(f"{path}: Input should be an object")
    if id(schema) in above:
        raise invalid_request(f"{path}: recursive schemas are not supported")
    if "$ref" in schema:
        target = _resolve(schema["$ref"], root)
        if target is None:
            raise invalid_request(
                f"{path}.$ref: Input should be a reference into this schema, such as '#/$defs/name'"
            )
        return _check(target, path, (*above, id(schema)), root)
    for name in schema:
        if name in UNSUPPORTED_KEYWORDS:
            raise invalid_request(
                f"{path}: For '{schema.get('type')}' type, '{name}' is not supported"
            )
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [] if kind is None else [kind]
    if any(each not in TYPES for each in kinds):
        raise invalid_request(f"{path}.type: Input should be one of {', '.join(TYPES)}")
    choices = schema.get("anyOf") or []
    if not isinstance(choices, list):
        raise invalid_request(f"{path}.anyOf: Input should be a valid list")
    optional, unions = 0, int(len(kinds) > 1 or bool(choices))
    inner = [(each, f"{path}.anyOf.{index}") for index, each in enumerate(choices)]
    if "object" in kinds:
        properties, required = _read_properties(schema, path)
        optional += len(set(properties) - set(required))
        inner += [(each, f"{path}.properties.{name}") for name, each in properties.items()]
    if "items" in schema:
        inner.append((schema["items"], f"{path}.items"))
    for each, inner_path in inner:
        more_optional, more_unions = _check(each, inner_path, (*above, id(schema)), root)
        optional, unions = optional + more_optional, unions + more_unions
    return optional, unions


def _read_properties(schema: Json, path: str) -> tuple[Json, list[str]]:
    """Check the keywords of an object's schema.

    Returns:
        The schemas of the properties by name, and the names of the required properties.

    Raises:
        Refused: A keyword is malformed, or `additionalProperties` is not false.
    """
    if schema.get("additionalProperties") is not False:
        raise invalid_request(
            f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
    properties, required = schema.get("properties") or {}, schema.get("required") or []
    if not isinstance(properties, dict):
        raise invalid_request(f"{path}.properties: Input should be an object")
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise invalid_request(f"{path}.required: Input should be a list of strings")
    return properties, required


def _resolve(reference: object, root: Json) -> Any:
    """Return the part of the outermost schema that a `$ref` names; None if there is none."""
    found: Any = root
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found


def make_example(schema: Json, root: Json | None = None) -> Any:
    """Return a small value that fits a checked schema.

    The value is the constant, or the first choice of an `enum` or `anyOf`. Otherwise it has the
    first type: an object has all its properties, arrays and strings are empty, numbers are 0 and
    booleans true. Keywords such as `minItems`, `pattern` and `format` are ignored.

    Args:
        schema: The schema.
        root: The outermost schema, which has the definitions; None if it is this one.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        return make_example(_resolve(schema["$ref"], root), root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        return make_example(schema["anyOf"][0], root)
    kind = schema.get("type", "null")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: make_example(each, root) for name, each in properties.items()}
    return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": True}.get(kind)
