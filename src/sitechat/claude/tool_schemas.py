"""The definitions of tools for Claude, with schemas that the SDK derives from signatures."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

from sitechat.tools import Tool
from sitechat.tools.schema_limits import problem_of
from sitechat.tools.signature_stubs import stub_of

_definitions: WeakKeyDictionary[Tool, dict[str, Any]] = WeakKeyDictionary()
"""The definitions that were created before."""

_lock = threading.Lock()


def definition(tool: Tool) -> dict[str, Any]:
    """Return the definition of a tool for requests.

    For a tool without a schema of its own, this loads the SDK, which takes seconds.

    Raises:
        TypeError: The schema can't be sent to Claude; the system check says why.
        Exception: Any error of the SDK, if it can't derive a schema from the signature.
    """
    with _lock:
        known = _definitions.get(tool)
    if known is None:
        known = _defined(tool)
        with _lock:
            _definitions[tool] = known
    return known


def _defined(tool: Tool) -> dict[str, Any]:
    """Create the definition of a tool. See `definition` for the errors."""
    if tool.schema is not None:
        schema: Any = dict(tool.schema)
        description = tool.description or ""
    else:
        from anthropic import beta_tool

        derived = beta_tool(stub_of(tool.function))
        schema, description = derived.input_schema, tool.description or derived.description
    if problem := problem_of(schema):
        raise TypeError(f"The tool {tool.name!r} {problem}.")
    return {"name": tool.name, "description": description, "input_schema": schema}
