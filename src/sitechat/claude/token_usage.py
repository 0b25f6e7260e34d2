"""The tokens used by one or more calls of Claude."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class TokenUsage:
    """The tokens of one or more calls.

    `input_tokens` are the input tokens that were neither read from the cache nor written to it.
    `cache_write_1h_tokens` is the part of `cache_write_tokens` that is cached for an hour.
    `thinking_tokens` is a part of `output_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    thinking_tokens: int = 0
    service_tier: str = ""
    """`standard`, `priority` or `batch`; empty if Claude did not say."""
    inference_geo: str = ""
    """The region in which Claude ran, such as `us`; empty if Claude did not say."""

    def __add__(self, other: TokenUsage) -> TokenUsage:
        """Return the sum of both counts.

        The service tier and the region come from `other`. A value that is empty there comes from
        this usage.
        """
        values = {}
        for field in fields(self):
            first, second = getattr(self, field.name), getattr(other, field.name)
            values[field.name] = first + second if isinstance(first, int) else second or first
        return TokenUsage(**values)

    @property
    def entire_input(self) -> int:
        """All input tokens, cached or not."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens
