"""Built-in tools of the packages above `conversations`, which add them when a process starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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

_built_in: list[BuiltIn] = []


def add_built_in(offer: BuiltIn) -> None:
    """Add a function that offers built-in tools. It is called for each message: keep it fast."""
    if offer not in _built_in:
        _built_in.append(offer)


def tools(visit: Visit, bot: Chatbot) -> Iterator[OfferedTool]:
    """Yield the tools that were added, for a visitor and a bot."""
    for offer in _built_in:
        yield from offer(visit, bot)
