"""Continuations: the state from which a reply goes on after a question to the visitor, as JSON.

`driver` stores a continuation, and `conversations.confirmation_answers` loads it.

The site's facts about the visitor (`Chatbot.context`) are not stored. They and the system prompt
are computed again when the reply continues. If they have changed, Claude's thinking is left out,
because Claude rejects thinking that belongs to another prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from sitechat.claude.answer_parts import ToolCall
from sitechat.claude.messages import SearchResult, context_block
from sitechat.claude.prompt_notes import CONTEXT_NOTE
from sitechat.claude.request import THINKING_BLOCKS, Request, without_thinking
from sitechat.engine.tool_interface import ToolResult, ToolRound

CONTEXT_TAG = re.compile(r"<site_context_(\w*)>")
"""The tag of the site's facts about the visitor, with its random word."""

MASKED = "site_context"
"""The type of the block that replaces the site's facts in the stored JSON."""


@dataclass(frozen=True)
class Continuation:
    """A round of tools that waits for the visitor, and what came before it."""

    round: ToolRound
    rounds: int
    """The number of rounds so far, including this one."""
    tool_calls: int
    """The number of tool calls that were started so far."""


def dump(continuation: Continuation) -> str:
    """Return a continuation as JSON."""
    waiting = continuation.round
    return json.dumps(
        {
            "messages": [_masked(message) for message in waiting.request.messages],
            "documents": [asdict(passage) for passage in waiting.request.passages],
            "content": waiting.content,
            "calls": [vars(call) for call in waiting.calls],
            "results": [_stored_result(result) for result in waiting.results],
            "rounds": continuation.rounds,
            "tool_calls": continuation.tool_calls,
            "like": _digest(waiting.request),
        }
    )


def load(stored: str, template: Request, context: str | None) -> Continuation:
    """Return a stored continuation.

    Args:
        stored: The JSON.
        template: A request with the current system prompt and tools.
        context: The site's current facts about the visitor; None for bots without
            `Chatbot.context`.

    Raises:
        ValueError, KeyError, TypeError: Another version of the package has stored the JSON, or it
            is empty because the question was decided.
    """
    data = json.loads(stored)
    request = replace(
        template,
        messages=[_unmasked(message, context) for message in data["messages"]],
        passages=list(map(_passage, data["documents"])),
    )
    content = data["content"]
    if data["like"] != _digest(request):
        request = replace(request, messages=list(map(without_thinking, request.messages)))
        content = [block for block in content if block["type"] not in THINKING_BLOCKS]
    results = [
        ToolResult(each["content"], list(map(_passage, each["documents"])), each["failed"])
        for each in data["results"]
    ]
    calls = [ToolCall(**call) for call in data["calls"]]
    waiting = ToolRound(request, content, calls, results)
    return Continuation(waiting, data["rounds"], data["tool_calls"])


def _stored_result(result: ToolResult) -> dict[str, Any]:
    """Return a result as JSON values. Earlier versions stored its passages as "documents", too."""
    passages = [asdict(passage) for passage in result.passages]
    return {"content": result.content, "documents": passages, "failed": result.failed}


def _passage(stored: dict[str, Any]) -> SearchResult:
    return SearchResult(**{**stored, "headings": tuple(stored["headings"])})


def _masked(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without the site's facts about the visitor."""
    content = []
    for block in message["content"]:
        text = block.get("text", "")
        tag = CONTEXT_TAG.search(text) if text.startswith(CONTEXT_NOTE) else None
        content.append(block if tag is None else {"type": MASKED, "word": tag[1]})
    return {**message, "content": content}


def _unmasked(message: dict[str, Any], context: str | None) -> dict[str, Any]:
    """Return a stored message with the site's current facts about the visitor."""
    content = [
        context_block(context or "", block["word"]) if block["type"] == MASKED else block
        for block in message["content"]
    ]
    return {**message, "content": content}


def _digest(request: Request) -> str:
    """Return a digest of the parts of a request that are not stored but affect thinking."""
    fixed = [request.model, request.system, list(request.tools)]
    parts = [*fixed, list(_contexts(request.messages))]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _contexts(messages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the site's facts about the visitor in these messages."""
    for message in messages:
        for block in message["content"]:
            if block.get("text", "").startswith(CONTEXT_NOTE):
                yield block["text"]
