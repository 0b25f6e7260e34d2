"""The stand-in's catalog of models: limits, prompt cache, thinking and effort.

The figures are from the pages about models, prompt caching and migration in Claude's documentation
of November 2026. The stand-in imports nothing from the package, so this duplicates
`sitechat.claude.catalog`; a test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""The values of `output_config.effort`, in ascending order."""


@dataclass(frozen=True)
class Model:
    """A model. All sizes are in tokens."""

    name: str
    generation: tuple[int, int]
    min_prefix: int
    """Minimum tokens of a prefix that can be cached."""
    thinking: Literal["off", "on", "always"] = "off"
    """Whether the model thinks if a request has no `thinking`; "always" if it can't be disabled."""
    forced_tools: bool = True
    """Whether `tool_choice` may force a tool."""
    system_messages: bool = False
    """Whether `messages` after the first one may have the role `system`."""
    efforts: tuple[str, ...] = EFFORTS
    """The values of `output_config.effort` that the model accepts."""
    fallbacks: tuple[str, ...] = ()
    """The models that a request may name in `fallbacks`; empty if it may name none."""
    thinking_limit: str = EFFORTS[-1]
    """The highest effort for which `thinking` may be `disabled` or `between_tools`."""

    @property
    def max_output(self) -> int:
        """The maximum of `max_tokens`."""
        return 128_000 if self.generation >= (4, 6) else 64_000

    @property
    def context(self) -> int:
        """The size of the context window in tokens."""
        return 1_000_000 if self.generation >= (4, 6) else 200_000

    @property
    def prefill(self) -> bool:
        """Whether the last message may be from the assistant."""
        return self.generation < (4, 6)

    @property
    def sampling(self) -> bool:
        """Whether sampling parameters such as `temperature` are accepted."""
        return self.generation < (4, 7)

    @property
    def thinking_types(self) -> tuple[str, ...]:
        """The values of `thinking.type` that the model accepts."""
        if self.thinking == "always":
            return ("adaptive",)
        if self.name == "claude-sonnet-5-5":
            return ("adaptive", "between_tools")
        if self.generation >= (4, 7):
            return ("adaptive", "disabled")
        if self.generation >= (4, 6):
            return ("adaptive", "enabled", "disabled")
        return ("enabled", "disabled")

    def takes_thinking(self, kind: str, effort: str | None) -> bool:
        """Return whether the model accepts a `thinking.type` with an effort; True without one."""
        if kind not in ("disabled", "between_tools") or effort is None:
            return True
        return EFFORTS.index(effort) <= EFFORTS.index(self.thinking_limit)

    def tokens(self, size: int) -> int:
        """Estimate the tokens of `size` bytes of UTF-8 text.

        A token is four bytes. Models from 4.7 on have a finer tokenizer and need 30% more tokens.
        The result is rounded up, so that every text that is not empty has a token.
        """
        if self.generation >= (4, 7):
            return -(-size * 13 // 40)
        return -(-size // 4)

    def bytes_within(self, tokens: int) -> int:
        """Return the maximum bytes of text that cost at most `tokens`."""
        return tokens * 40 // 13 if self.generation >= (4, 7) else tokens * 4


_WITHOUT_XHIGH = ("low", "medium", "high", "max")
_OPUS = ("claude-opus-5", "claude-opus-4-8")


def _without_forced_tools(name: str, generation: tuple[int, int]) -> Model:
    """Return a model that always thinks and accepts no forced tool."""
    return Model(
        name,
        generation,
        512,
        "always",
        forced_tools=False,
        system_messages=True,
        fallbacks=_OPUS,
    )


MODELS = {
    model.name: model
    for model in (
        Model("claude-haiku-4-5", (4, 5), 4096, efforts=()),
        Model("claude-sonnet-4-5", (4, 5), 1024, efforts=()),
        Model("claude-opus-4-5", (4, 5), 4096, efforts=("low", "medium", "high")),
        Model("claude-sonnet-4-6", (4, 6), 1024, efforts=_WITHOUT_XHIGH),
        Model("claude-opus-4-6", (4, 6), 4096, efforts=_WITHOUT_XHIGH),
        Model("claude-opus-4-7", (4, 7), 2048),
        Model("claude-opus-4-8", (4, 8), 1024, system_messages=True),
        Model("claude-sonnet-5", (5, 0), 1024, "on"),
        Model(
            "claude-opus-5",
            (5, 0),
            512,
            "on",
            system_messages=True,
            thinking_limit="high",
            fallbacks=("claude-opus-4-8",),
        ),
        Model("claude-fable-5", (5, 0), 512, "always", system_messages=True, fallbacks=_OPUS),
        Model("claude-mythos-5", (5, 0), 512, "always", system_messages=True, fallbacks=_OPUS),
        _without_forced_tools("claude-fable-5-1", (5, 1)),
        _without_forced_tools("claude-mythos-5-1", (5, 1)),
        _without_forced_tools("claude-fable-5-2", (5, 2)),
        _without_forced_tools("claude-mythos-5-2", (5, 2)),
        Model("claude-haiku-5-5", (5, 5), 512, "on", thinking_limit="high"),
        Model(
            "claude-sonnet-5-5",
            (5, 5),
            512,
            "on",
            forced_tools=False,
            thinking_limit="high",
            fallbacks=("claude-sonnet-5",),
        ),
        _without_forced_tools("claude-opus-5-5", (5, 5)),
    )
}
"""The models by id, without dates and without retired models."""

_DATE = re.compile(r"-20\d{6}$")


def find_model(name: str) -> Model | None:
    """Return the model with a name, with or without a date; None if there is none."""
    return MODELS.get(name) or MODELS.get(_DATE.sub("", name))
