"""A request to Claude and its maximum cost. This module does no I/O.

`conversations.prompt` creates requests. The engine reserves their maximum cost, and `call` sends
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sitechat.claude import catalog, usage_costs
from sitechat.claude.messages import HOUR, SearchResult

PROMPT_OVERHEAD = 700
"""Maximum tokens that Claude adds to a request, mostly for tools. Anthropic's page about tool use
lists up to 530."""

FALLBACKS_BETA = "server-side-fallback-2026-07-01"
"""The beta of the API with which a request may name other models in `fallbacks`."""

DEFAULT_EFFORT = "low"
"""The effort of models that always think, unless the bot sets another effort."""

THINKING_BLOCKS = frozenset({"thinking", "redacted_thinking"})
"""The types of content blocks that only the model that wrote them can read."""

THINKING_ROOM = {"low": 4096, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 65_536}
"""Tokens added to `max_tokens` for models that think, by effort. Thinking counts toward
`max_tokens`, so a small limit would leave no tokens for the answer."""

MAX_THINKING_ROOM = max(THINKING_ROOM.values())
"""Tokens added to `max_tokens` for an unknown effort."""


@dataclass(frozen=True)
class MaxCost:
    """The maximum usage and cost of one call, including a fallback model within it."""

    model: str
    input_tokens: int
    output_tokens: int
    dollars: Decimal


@dataclass(frozen=True)
class Request:
    """The content and options of one request.

    Thinking takes time and output tokens, so the chat asks for as little as the model allows
    (`_thinking_type`). If the model may think nevertheless (`_may_think`), `max_output` has room
    for it.
    """

    model: str
    max_tokens: int
    """The maximum tokens of the answer, without the room for thinking; see `max_output`."""
    messages: list[dict[str, Any]]
    system: list[dict[str, Any]] = field(default_factory=list)
    tools: Sequence[dict[str, Any]] = ()
    passages: Sequence[SearchResult] = ()
    """The passages in `messages`, in order. `Cited.index` is an index of this sequence."""
    user_id: str = ""
    """The value of `metadata.user_id`; "" to leave it out."""
    thinking: bool = True
    """Whether the server supports the field `thinking`. If not, the field is never sent."""
    effort: str | None = None
    """A value of `output_config.effort`; None for the default of the model, or DEFAULT_EFFORT."""
    citations: bool = True
    """Whether the server supports citations. If not, the answer has marks such as "[1]"."""
    may_use_tools: bool = True
    """Whether Claude may call the tools. If not, their definitions are still sent."""
    in_us: bool = False
    """Whether Claude is known to run in the US only (`regions`), which costs more."""
    fallback_model: str = ""
    """The model that answers if `model` refuses or is overloaded; empty for no fallback."""
    schema: dict[str, Any] | None = None
    """The JSON schema of the answer; None for plain text."""

    @property
    def max_output(self) -> int:
        """The maximum output tokens that one attempt can be billed for, with thinking."""
        limit = self.max_tokens
        if self._may_think:
            limit += THINKING_ROOM.get(self._effort or DEFAULT_EFFORT, MAX_THINKING_ROOM)
        return limit if self._model is None else min(limit, self._model.max_output)

    @property
    def caches_for_hour(self) -> bool:
        """Whether the system prompt and the tools are cached for one hour."""
        marks = (block.get("cache_control") or {} for block in self.system)
        return any(mark.get("ttl") == HOUR for mark in marks)

    @cached_property
    def max_input(self) -> int:
        """The maximum input tokens that the call can be billed for.

        Visitors may write anything in messages. So messages count one token per byte, because a
        token has at least one byte. The system prompt, tools and passages come from the site. They
        count one token per two bytes, because a token of prose has at least two in any language.
        """
        _own, messages = self._bytes
        return messages + self._own_input

    @property
    def _own_input(self) -> int:
        """The maximum input tokens that come from the site and from Claude's own prompt."""
        return self._bytes[0] // 2 + PROMPT_OVERHEAD

    @cached_property
    def likely_input(self) -> int:
        """The estimated input tokens, for answers without a count: two bytes per token."""
        return sum(self._bytes) // 2

    @cached_property
    def _bytes(self) -> tuple[int, int]:
        """The bytes of the site's own text, and of the messages without the site's passages."""
        passage_bytes = sum(len(_json(vars(passage))) for passage in self.passages)
        own = len(_json(self.system)) + len(_json(list(self.tools))) + passage_bytes
        return own, max(0, len(_json(self.messages)) - passage_bytes)

    def max_cost(self) -> MaxCost:
        """Return the maximum usage and cost of the call."""
        return self.max_cost_of(self.max_input, self.max_output)

    def max_cost_of(self, input_tokens: int, output_tokens: int) -> MaxCost:
        """Return the maximum usage and cost of the call with at most these tokens.

        The API may pass the request on to a fallback model. That model reads the input and the
        output of the first model. It may write as much output itself.
        """
        dollars = usage_costs.max_dollars(
            self.model,
            input_tokens=input_tokens,
            max_tokens=output_tokens,
            in_us=self.in_us,
            for_hour=self._own_input if self.caches_for_hour else 0,
        )
        if not self.hands_over:
            return MaxCost(self.model, input_tokens, output_tokens, dollars)
        second = self.to_fallback()
        written = min(output_tokens, second.max_output)
        after = second.max_cost_of(input_tokens + output_tokens, written)
        return MaxCost(
            self.model,
            input_tokens + after.input_tokens,
            output_tokens + after.output_tokens,
            dollars + after.dollars,
        )

    @property
    def hands_over(self) -> bool:
        """Whether the API itself may pass the request on to the fallback model after a refusal."""
        return self._model is not None and self._model.hands_over_to(self.fallback_model)

    def to_fallback(self) -> Request:
        """Return the request to the fallback model alone, without thinking of the first model."""
        return replace(
            self,
            model=self.fallback_model,
            fallback_model="",
            messages=list(map(without_thinking, self.messages)),
        )

    @property
    def _model(self) -> catalog.Model | None:
        return catalog.find(self.model)

    @property
    def _effort(self) -> str:
        """The effort to send; "" to send no effort, so that the model's default applies."""
        model = self._model
        if self.effort:
            return self.effort if model is None else model.nearest_effort(self.effort)
        always_thinks = model is not None and model.thinking == "always"
        return DEFAULT_EFFORT if always_thinks and self.thinking else ""

    @property
    def _thinking_type(self) -> str:
        """The `thinking.type` to send, the one with the least thinking; "" to leave the field out.

        It is left out if the server does not support it, if the catalog has no type for the model,
        or if the model rejects the type together with the effort.
        """
        model = self._model
        if model is None or not self.thinking:
            return ""
        accepted = catalog.effort_rank(self._effort) <= catalog.effort_rank(
            model.minimal_thinking_up_to
        )
        return model.minimal_thinking if accepted else ""

    @property
    def _may_think(self) -> bool:
        """Whether the model may think; False for models without an entry, or without `thinking`."""
        if self._model is None or self._model.thinking == "off" or not self.thinking:
            return False
        if self._thinking_type == "between_tools":
            return bool(self.tools)
        return not self._thinking_type

    def answered(
        self,
        content: list[dict[str, Any]],
        results: list[dict[str, Any]],
        passages: Sequence[SearchResult],
    ) -> Request:
        """Return the request after a tool round, with Claude's answer and the tool results."""
        return replace(
            self,
            messages=[
                *self.messages,
                {"role": "assistant", "content": content},
                {"role": "user", "content": results},
            ],
            passages=[*self.passages, *passages],
        )

    def message_texts(self) -> str:
        """Return all strings in the messages, one per line."""
        return "\n".join(_texts(self.messages))

    def without_tools(self) -> Request:
        """Return the same request without permission to use tools."""
        return replace(self, may_use_tools=False)

    def parameters(self, *, hands_over: bool = True) -> dict[str, Any]:
        """Return the arguments for `messages.create`; with `betas`, for `beta.messages.create`.

        Args:
            hands_over: Whether the server supports the field `fallbacks`.
        """
        parameters: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_output,
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
        config: dict[str, Any] = {"effort": self._effort} if self._effort else {}
        if self.schema is not None:
            config["format"] = {"type": "json_schema", "schema": self.schema}
        if config:
            parameters["output_config"] = config
        if self._thinking_type:
            parameters["thinking"] = {"type": self._thinking_type}
        if hands_over and self.hands_over:
            parameters["fallbacks"] = [self.to_fallback()._as_fallback()]
            parameters["betas"] = [FALLBACKS_BETA]
        return parameters

    def _as_fallback(self) -> dict[str, Any]:
        """Return the entry of `fallbacks` for this request: the parameters that differ by model."""
        own = self.parameters()
        return {
            "model": self.model,
            "max_tokens": own["max_tokens"],
            "output_config": own.get("output_config"),
            "thinking": own.get("thinking"),
        }


def without_thinking(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without Claude's thinking, which only the model that wrote it can read."""
    content = message["content"]
    if message["role"] != "assistant" or not isinstance(content, list):
        return message
    kept = [block for block in content if block["type"] not in THINKING_BLOCKS]
    return {**message, "content": kept}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
