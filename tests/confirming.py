"""Conversations in which Claude calls tools that must be confirmed."""

from __future__ import annotations

from typing import Any

from sitechat.standin import Answer, Standin
from tests.visitor import Visitor, reply_url, value_of

QUESTION = "Cancel order A-1042?"


def cancel(number: str = "A-1042", **arguments: Any) -> dict[str, Any]:
    return {"name": "cancel_order", "input": {"number": number, **arguments}}


def begin(visitor: Visitor, standin: Standin, *use: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Let Claude call tools that must be confirmed. Return the reply's id and the question."""
    standin.script(Answer("I can do that.", tool_use=list(use) or [cancel()]), "It is done.")
    events = visitor.ask("Cancel my order A-1042")
    assert events[-1] == {"done": "complete"}
    return value_of(events, "reply"), value_of(events, "confirm")


def answer(visitor: Visitor, reply: str, id: str, approve: bool = True, **more: Any) -> Any:
    return visitor.post({"id": id, "approve": approve, **more}, reply_url(reply, "confirm/"))


def results(standin: Standin) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = standin.requests[-1].body["messages"][-1]["content"]
    return content
