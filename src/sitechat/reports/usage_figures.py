"""Sums of the usage of replies.

`usage_summaries` computes and stores them. Reports and the metrics add them up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sitechat.reports import time_histogram
from sitechat.reports.time_histogram import Histogram

COUNTS = (  # the fields of Figures that are whole numbers
    "replies",
    "conversations",
    "visits",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "estimated",
    "errors",
    "refusals",
)
TIMES = ("first_token_ms", "total_ms")


@dataclass
class Figures:
    """Sums over some replies. Times are histograms of milliseconds."""

    replies: int = 0
    conversations: int = 0
    """Replies that were the first of their conversations."""
    visits: int = 0
    """Replies without another reply in the conversation in the half hour before."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    dollars: Decimal = Decimal(0)
    estimated: int = 0
    """Replies whose cost Claude did not report."""
    errors: int = 0
    refusals: int = 0
    first_token_ms: Histogram = field(default_factory=dict)
    total_ms: Histogram = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Add the figures of other replies."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dollars += other.dollars
        for name in TIMES:
            times: Histogram = getattr(self, name)
            for bucket, count in getattr(other, name).items():
                times[bucket] = times.get(bucket, 0) + count

    def add_time(self, name: str, milliseconds: int | None) -> None:
        """Add a duration to a histogram, unless it is None.

        Args:
            name: One of TIMES.
            milliseconds: The duration.
        """
        if milliseconds is not None:
            times: Histogram = getattr(self, name)
            bucket = time_histogram.bucket(milliseconds)
            times[bucket] = times.get(bucket, 0) + 1

    @classmethod
    def from_stored(cls, row: Mapping[str, Any]) -> Figures:
        """Return the figures in the values of a `Summary` row."""
        return cls(
            dollars=row["dollars"],
            first_token_ms=time_histogram.merged([row["first_token_ms"]]),
            total_ms=time_histogram.merged([row["total_ms"]]),
            **{name: row[name] for name in COUNTS},
        )

    def as_stored(self) -> dict[str, Any]:
        """Return the figures as values of a `Summary` row."""
        times = {name: time_histogram.as_stored(getattr(self, name)) for name in TIMES}
        return {"dollars": self.dollars, **{name: getattr(self, name) for name in COUNTS}, **times}

    @property
    def tokens(self) -> int:
        """All input and output tokens."""
        return self.all_input_tokens + self.output_tokens

    @property
    def all_input_tokens(self) -> int:
        """All input tokens, cached or not."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def cache_share(self) -> float | None:
        """The share of the input that was read from Claude's cache, 0 to 1; None without input."""
        return self.cache_read_tokens / self.all_input_tokens if self.all_input_tokens else None

    @property
    def dollars_per_conversation(self) -> Decimal | None:
        """The cost per conversation; None without conversations."""
        return self.dollars / self.conversations if self.conversations else None

    @property
    def dollars_per_visit(self) -> Decimal | None:
        """The cost per visit; None without visits."""
        return self.dollars / self.visits if self.visits else None

    @property
    def dollars_per_reply(self) -> Decimal | None:
        """The cost per reply; None without replies."""
        return self.dollars / self.replies if self.replies else None

    @property
    def first_token_p50(self) -> float | None:
        """The median time to first token in milliseconds; None if no time is known."""
        return time_histogram.percentile(self.first_token_ms, 0.50)

    @property
    def first_token_p95(self) -> float | None:
        """The 95th percentile of the time to first token in milliseconds; None if not known."""
        return time_histogram.percentile(self.first_token_ms, 0.95)

    @property
    def total_p50(self) -> float | None:
        """The median total time in milliseconds; None if no time is known."""
        return time_histogram.percentile(self.total_ms, 0.50)

    @property
    def total_p95(self) -> float | None:
        """The 95th percentile of the total time in milliseconds; None if not known."""
        return time_histogram.percentile(self.total_ms, 0.95)
