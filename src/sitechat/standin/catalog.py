"""What the stand-in knows of each model: limits, prompt cache, thinking.

The figures are those of Claude's model overview, prompt caching and migration pages,
November 2026. Where Anthropic publishes no figure (the least cacheable prefix of
`claude-opus-5-5` and `claude-haiku-5-5`), 1,024 tokens are assumed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Model:
    """One model. All sizes are in tokens."""

    name: str
    generation: tuple[int, int]
    least_prefix: int
    thinking: Literal["off", "on", "always"] = "off"
    forced_tools: bool = True
    """Whether `tool_choice` may force a tool."""
    system_messages: bool = False
    """Whether `messages` may hold a later message of the role `system`."""

    @property
    def max_output(self) -> int:
        return 128_000 if self.generation >= (4, 6) else 64_000

    @property
    def context(self) -> int:
        return 1_000_000 if self.generation >= (4, 6) else 200_000

    @property
    def prefill(self) -> bool:
        return self.generation < (4, 6)

    @property
    def sampling(self) -> bool:
        return self.generation < (4, 7)

    @property
    def thinking_types(self) -> tuple[str, ...]:
        """The values of `thinking.type` that the model takes."""
        if self.thinking == "always":
            return ("adaptive",)
        if self.name == "claude-sonnet-5-5":
            return ("adaptive", "between_tools")
        if self.generation >= (4, 7):
            return ("adaptive", "disabled")
        if self.generation >= (4, 6):
            return ("adaptive", "enabled", "disabled")
        return ("enabled", "disabled")

    def tokens(self, size: int) -> int:
        """Estimate the tokens of `size` bytes of UTF-8 text.

        One token for every four bytes, and 30% more from generation 4.7 on, whose
        tokenizer is finer. Rounded up, so that no text is free.
        """
        if self.generation >= (4, 7):
            return -(-size * 13 // 40)
        return -(-size // 4)

    def bytes_within(self, tokens: int) -> int:
        """Return the most bytes of text that cost no more than `tokens`."""
        return tokens * 40 // 13 if self.generation >= (4, 7) else tokens * 4


_MODELS = {
    model.name: model
    for model in (
        Model("claude-haiku-4-5", (4, 5), 4096),
        Model("claude-sonnet-4-5", (4, 5), 1024),
        Model("claude-opus-4-5", (4, 5), 4096),
        Model("claude-sonnet-4-6", (4, 6), 1024),
        Model("claude-opus-4-6", (4, 6), 4096),
        Model("claude-opus-4-7", (4, 7), 2048),
        Model("claude-opus-4-8", (4, 8), 1024, system_messages=True),
        Model("claude-sonnet-5", (5, 0), 1024, "on"),
        Model("claude-opus-5", (5, 0), 512, "on", system_messages=True),
        Model("claude-fable-5", (5, 0), 512, "always", system_messages=True),
        Model("claude-fable-5-1", (5, 1), 512, "always", False, True),
        Model("claude-haiku-5-5", (5, 5), 1024, "on"),
        Model("claude-sonnet-5-5", (5, 5), 512, "on", False),
        Model("claude-opus-5-5", (5, 5), 1024, "always", False, True),
    )
}
_DATE = re.compile(r"-20\d{6}$")


def find_model(name: str) -> Model | None:
    """Return the model of that name or dated name, or None if there is none."""
    return _MODELS.get(name) or _MODELS.get(_DATE.sub("", name))
