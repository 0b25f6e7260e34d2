"""Tests of the check of tools."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from pydantic import BaseModel
from pytest_django import Settings

from sitechat import Chatbot, tool
from sitechat.checks.bot_tools import check_mcp_servers, check_tools


class Plain:
    """A type that JSON can't hold."""


class Item(BaseModel):
    name: str
    parts: list[Item] = []


@tool
def fine(request: Any, items: list[str], much: float = 1.0) -> str:
    """Do something."""
    return ""


@tool(name="fine")
def twin(request: Any) -> str:
    """Do something else."""
    return ""


@tool
def open_page(request: Any) -> str:
    """Read a page."""
    return ""


@tool
def odd(request: Any, thing: Plain) -> str:
    """Do something."""
    return ""


@tool
def unknown(request: Any, thing: Nowhere) -> str:  # type: ignore[name-defined] # noqa: F821
    """Do something."""
    return ""


@tool
def recursive(request: Any, item: Item) -> str:
    """Do something."""
    return ""


@tool
def silent(request: Any) -> str:
    return ""


class Bot(Chatbot):
    tools = (fine,)


@pytest.mark.parametrize(
    ("tools", "problem"),
    [
        ([fine.function], "is not a tool"),
        (fine, "are Tool("),
        ("fine", "are 'fine'"),
        ([fine, twin], "two tools with the name 'fine'"),
        ([open_page], "two tools with the name 'open_page'"),
        ([odd], "can't be validated"),
        ([unknown], "can't be validated"),
        ([recursive], "has a recursive type"),
        ([silent], "has no docstring"),
        ([fine], ""),
        ([], ""),
    ],
)
def test_a_tool_that_claude_can_not_use_is_reported(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tools: Any, problem: str
) -> None:
    monkeypatch.setattr(f"{__name__}.Bot.tools", tools)
    settings.CHAT_BOTS = {"default": f"{__name__}.Bot"}
    found = list(check_tools())
    assert len(found) == bool(problem)
    assert all(problem in message.msg for message in found)
    expected = "sitechat.W040" if tools == [silent] else "sitechat.E040"
    assert {message.id for message in found} <= {expected}


def test_messages_about_tools_are_translated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.Bot.tools", [fine, twin])
    settings.CHAT_BOTS = {"default": f"{__name__}.Bot"}
    with translation.override("de"):
        [message] = check_tools()
    assert "zwei Tools" in message.msg


class Raising(Chatbot):
    @property
    def mcp_servers(self) -> Any:  # type: ignore[override]
        raise KeyError("TOKEN")


def test_mcp_servers_that_raise_are_reported(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Raising"}
    [message] = check_mcp_servers()
    assert message.id == "sitechat.E041"
    assert "KeyError('TOKEN')" in message.msg
