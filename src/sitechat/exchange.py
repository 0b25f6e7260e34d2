"""What Claude is asked, and the pieces that come back. Pure: it knows no SDK and does no I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sitechat import prices
from sitechat.history import Document

THINKING = {
    "claude-opus-5": "disabled",
    "claude-sonnet-5": "disabled",
    "claude-sonnet-5-5": "between_tools",
    "claude-haiku-5-5": "disabled",
    "claude-opus-5-5": "always",
    "claude-fable-5": "always",
    "claude-fable-5-1": "always",
}
"""Models that think unless told otherwise: the `thinking.type` that tells them, or "always" where
none does (model overview and migration guides, 11/2026)."""

OVERHEAD = 700
"""Tokens that Claude adds to a request of its own, mostly for tools (Anthropic's tool use page
names up to 530)."""

THINKING_ROOM = 4096
"""Tokens on top of `max_tokens` for models that can't be kept from thinking: it counts toward
`max_tokens`, and without room a small limit leaves an empty answer."""


@dataclass
class Usage:
    """Tokens that Claude counted. `input_tokens` is what came after the last cache breakpoint."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Cited:
    """The text so far rests on the request's search result number `index`, counted from 0."""

    index: int


@dataclass(frozen=True)
class ToolCall:
    """Claude wants a tool's result. `input` is what the model wrote: any JSON object."""

    id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What Claude is asked."""

    model: str
    max_tokens: int
    messages: list[dict[str, Any]]
    system: list[dict[str, Any]] = field(default_factory=list)
    tools: Sequence[dict[str, Any]] = ()
    documents: Sequence[Document] = ()
    user_id: str = ""
    thinking: bool = True
    citations: bool = True
    """False where the server knows no citations, and marks stand for them."""
    may_use_tools: bool = True

    @property
    def most_output(self) -> int:
        """The most output tokens that the call can be billed for."""
        thinks = self._thinks == "always" or (self._thinks == "between_tools" and self.tools)
        return self.max_tokens + (THINKING_ROOM if thinks else 0)

    @cached_property
    def most_input(self) -> int:
        """The most input tokens that the call can be billed for.

        A token has at least one byte, so the messages, where visitors may write anything, count
        by bytes. Prose has at least two bytes a token in any language: so count the system
        prompt, tools and passages, which are the site's own.
        """
        own = len(_json(self.system)) + len(_json(list(self.tools)))
        passages = sum(len(_json(vars(document))) for document in self.documents)
        visitors = max(0, len(_json(self.messages)) - passages)
        return visitors + (own + passages) // 2 + OVERHEAD

    def worst_case(self) -> dict[str, Any]:
        """The most that the call can use and cost, as JSON holds it; dollars as a string."""
        dollars = prices.worst_case(
            self.model, input_tokens=self.most_input, max_tokens=self.most_output
        )
        return {
            "model": self.model,
            "input_tokens": self.most_input,
            "output_tokens": self.most_output,
            "dollars": str(dollars),
        }

    @property
    def _thinks(self) -> str:
        return THINKING.get(prices.base_name(self.model), "") if self.thinking else ""

    def answered(
        self,
        content: list[dict[str, Any]],
        results: list[dict[str, Any]],
        documents: Sequence[Document],
    ) -> Request:
        """The next request of a tool round: Claude's own words, then the tools' results."""
        return replace(
            self,
            messages=[
                *self.messages,
                {"role": "assistant", "content": content},
                {"role": "user", "content": results},
            ],
            documents=[*self.documents, *documents],
        )

    def without_tools(self) -> Request:
        """The same, but Claude must answer now."""
        return replace(self, may_use_tools=False)

    def parameters(self) -> dict[str, Any]:
        """The arguments of the SDK's `messages.create`."""
        parameters: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.most_output,
            "messages": self.messages,
        }
        if self.system:
            parameters["system"] = self.system
        if self.tools:
            parameters["tools"] = list(self.tools)
            if not self.may_use_tools:
                parameters["tool_choice"] = {"type": "none"}
        if self.user_id:
            parameters["metadata"] = {"user_id": self.user_id}
        if self._thinks == "always":
            parameters["output_config"] = {"effort": "low"}
        elif self._thinks:
            parameters["thinking"] = {"type": self._thinks}
        return parameters


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
