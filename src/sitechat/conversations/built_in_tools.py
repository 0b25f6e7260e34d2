"""The registry of built-in tools that packages above `conversations` offer to Claude.

`sitechat.receivers` registers them. `offered_tools` calls `tools` for each message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from sitechat.chatbot import Chatbot
from sitechat.conversations.visit import Visit
from sitechat.tools import Tool


@dataclass(frozen=True)
class OfferedTool:
    """A tool, and the first argument of its function."""

    tool: Tool
    subject: Any


BuiltIn = Callable[[Visit, Chatbot], Iterable[OfferedTool]]
"""A function that returns the built-in tools for a visitor and a bot, or no tools."""

_paths: list[str] = []
"""The dotted paths of the registered functions."""


def add_built_in(path: str) -> None:
    """Register a function that offers built-in tools. A second call with its path does nothing.

    Args:
        path: The dotted path of the function, a `BuiltIn`. The first message imports it, and each
            message calls it, so it must be fast.
    """
    if path not in _paths:
        _paths.append(path)


def tools(visit: Visit, bot: Chatbot) -> Iterator[OfferedTool]:
    """Yield the built-in tools of all registered functions."""
    for path in _paths:
        offer: BuiltIn = import_string(path)
        yield from offer(visit, bot)
