"""Built-in tools of the packages above `conversations`, named when a process starts."""

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
"""Returns the built-in tools for a visitor and a bot, if there are any."""

_names: list[str] = []


def add_built_in(name: str) -> None:
    """Add a function that offers built-in tools, a `BuiltIn`.

    Args:
        name: The dotted path of the function. The first message imports it. The function is called
            for each message: keep it fast.
    """
    if name not in _names:
        _names.append(name)


def tools(visit: Visit, bot: Chatbot) -> Iterator[OfferedTool]:
    """Yield the tools that were added, for a visitor and a bot."""
    for name in _names:
        offer: BuiltIn = import_string(name)
        yield from offer(visit, bot)
