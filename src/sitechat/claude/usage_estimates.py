"""The usage to book for an answer: Claude's counts if they are plausible, else estimates.

Counts come from outside and are validated here. This module does no I/O and reads no clock.
`usage_by_model` has a `Counts` for each attempt at an answer.

| count  | Claude's count              | booked                                                   |
|--------|-----------------------------|----------------------------------------------------------|
| input  | plausible                   | this count                                               |
|        | missing                     | `likely_input`, which includes the cached tokens         |
|        | larger than any context     | `likely_input`, as if nothing was cached                 |
| output | final                       | this count                                               |
|        | not final, or missing       | the larger of this count and the estimate from the text  |

Output never exceeds `max_output`. Example: Claude reports 100 tokens of input and 1 of output, and
52 characters arrive. If the stream is cut now, 100 and 26 tokens are booked, and the usage is not
exact. If the last event reports 17 tokens of output, 100 and 17 are booked, and the usage is exact.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sitechat.claude.catalog import LARGEST_CONTEXT
from sitechat.claude.reported_text import reported_text
from sitechat.claude.token_usage import TokenUsage

NAME_LENGTH = 16
"""Maximum characters of a service tier or region."""

_COUNTS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
}
"""The fields of `TokenUsage`, and Claude's names for them."""


class Counts:
    """The usage of one attempt at an answer. Claude's counts are cumulative, so they only grow."""

    def __init__(self) -> None:
        self._usage = TokenUsage()
        self._estimated_output = 0
        self._input_is_counted = False
        self._output_is_counted = False
        self._is_doubtful = False
        """Whether one of Claude's counts was not plausible."""
        self._writes_are_split = False
        """Whether Claude reported the cache writes by lifetime."""

    @classmethod
    def of_iteration(cls, iteration: dict[str, Any]) -> Counts:
        """Return the counts of an entry of `usage.iterations`, which are final."""
        counts = cls()
        counts.report(iteration, final=True)
        return counts

    def estimate_output(self, text: str) -> None:
        """Add the tokens of received output to the estimate, at two bytes per token.

        The estimate is booked if Claude's own count never arrives.
        """
        size = len(text) if text.isascii() else len(text.encode(errors="replace"))
        self._estimated_output += max(1, size // 2)

    def report(self, reported: Any, *, final: bool = False) -> None:
        """Process a `usage` object from Claude.

        Args:
            reported: The value of `usage`. Anything but an object is ignored.
            final: Whether its output count is final. Earlier output counts cover only a part.
        """
        if not isinstance(reported, dict):
            return
        for name, key in _COUNTS.items():
            self._grow(name, self._count(reported.get(key)))
        if reported.get("input_tokens") is not None and self._usage.entire_input:
            self._input_is_counted = True
        output = reported.get("output_tokens")
        is_count = self._count(output) or (type(output) is int and not self._estimated_output)
        if final and is_count:
            self._output_is_counted = True
            if not output:  # an answer that was refused at once has no output
                self._usage.output_tokens = 0
        creation = reported.get("cache_creation")
        if isinstance(creation, dict):
            short = self._count(creation.get("ephemeral_5m_input_tokens"))
            long = self._count(creation.get("ephemeral_1h_input_tokens"))
            self._writes_are_split |= short + long > 0
            self._grow("cache_write_1h_tokens", long)
            self._grow("cache_write_tokens", min(short + long, LARGEST_CONTEXT))
        details = reported.get("output_tokens_details")
        if isinstance(details, dict):
            self._grow("thinking_tokens", self._count(details.get("thinking_tokens")))
        for name in ("service_tier", "inference_geo"):
            if text := reported_text(reported.get(name), NAME_LENGTH):
                setattr(self._usage, name, text)

    @property
    def inference_geo(self) -> str:
        """The region in which Claude runs; "" if it was not reported."""
        return self._usage.inference_geo

    @property
    def service_tier(self) -> str:
        """The service tier that Claude reported; "" if it was not reported."""
        return self._usage.service_tier

    def is_exact(self, *, max_output: int) -> bool:
        """Return whether Claude counted input and output itself, up to the end.

        Args:
            max_output: The maximum output tokens of the request.
        """
        counted = self._input_is_counted and self._output_is_counted
        possible = (
            self._usage.entire_input <= LARGEST_CONTEXT
            and self._usage.output_tokens <= max_output
            and self._usage.thinking_tokens <= self._usage.output_tokens
        )
        return counted and possible and not self._is_doubtful

    def usage_to_book(
        self, *, likely_input: int, max_output: int, writes_for_hour: bool = False
    ) -> TokenUsage:
        """Return the usage to book, with an estimate for each missing count.

        Args:
            likely_input: The estimated input tokens. They replace a count that is missing, or
                larger than any context window.
            max_output: The maximum output tokens of the request.
            writes_for_hour: Whether cache writes without a lifetime count as writes for one hour.
        """
        usage = replace(self._usage)
        if writes_for_hour and not self._writes_are_split:
            usage.cache_write_1h_tokens = usage.cache_write_tokens
        if usage.entire_input > LARGEST_CONTEXT:
            usage.input_tokens = likely_input
            usage.cache_read_tokens = usage.cache_write_tokens = usage.cache_write_1h_tokens = 0
        elif not self._input_is_counted:
            missing = likely_input - usage.entire_input
            usage.input_tokens = max(usage.input_tokens, missing)
        if not self._output_is_counted:
            usage.output_tokens = max(usage.output_tokens, self._estimated_output)
        usage.output_tokens = min(usage.output_tokens, max_output)
        usage.thinking_tokens = min(usage.thinking_tokens, usage.output_tokens)
        return usage

    def _count(self, value: Any) -> int:
        """Return a count of tokens; 0 if it is missing.

        A value that is not plausible becomes 0 too, and makes the usage inexact.
        """
        if value is None:
            return 0
        if type(value) is int and 0 <= value <= LARGEST_CONTEXT:
            return value
        self._is_doubtful = True
        return 0

    def _grow(self, name: str, value: int) -> None:
        if value > getattr(self._usage, name):
            setattr(self._usage, name, value)
