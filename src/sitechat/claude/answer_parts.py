"""Parts of Claude's answer that are not text. This module does no I/O.

`answer` creates them from the events of the stream, and the engine consumes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cited:
    """The text so far cites the request's search result `index`, counted from 0."""

    index: int


@dataclass(frozen=True)
class ToolCall:
    """A tool call by Claude. `input` was written by the model and can be any JSON object."""

    id: str
    name: str
    input: dict[str, Any]
