"""Metrics for Prometheus. Requires `prometheus_client`.

```python
from prometheus_client import REGISTRY
from sitechat.metrics import ChatCollector

REGISTRY.register(ChatCollector())
```

The values are read from the database at each scrape, so every process reports the same totals.
Counters include all replies since the first reply of the site. Questions of commands, of the admin,
and of staff in the chat are not included. While a thread sums up many past replies, such as at the
first scrape, only `sitechat_summed_ratio` and the gauges that need no sums are reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from sitechat.models import Message, Status, Unanswered
from sitechat.reports import time_histogram, usage_catch_up, usage_report

BUCKETS = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
"""Upper bounds of the histogram buckets in seconds; times are accurate to 2.5%."""

LABELS = ["bot", "model"]
"""The labels of all metrics that have one value for each bot and model."""


class ChatCollector:
    """A collector for a registry of `prometheus_client`."""

    def describe(self) -> list[Any]:
        """Return nothing, so that registering the collector runs no query."""
        return []

    def collect(self) -> Iterator[Any]:
        """Yield the metric families. Called by prometheus-client at each scrape.

        This also sums up the replies of hours that have ended since the last scrape.
        """
        gauge = import_module("prometheus_client.core").GaugeMetricFamily
        progress = usage_catch_up.catch_up()
        yield gauge(
            "sitechat_summed_ratio",
            "Share of the past replies that are summed up.",
            value=1.0 if progress is None else progress.share,
        )
        visitors = Message.objects.filter(conversation__command=None)
        running = visitors.filter(status=Status.RUNNING).count()
        yield gauge("sitechat_running_replies", "Replies being written.", value=running)
        unanswered = Unanswered.objects.open().count()
        yield gauge("sitechat_unanswered", "Open unanswered questions.", value=unanswered)
        if progress is None:
            yield from self._sums()

    def _sums(self) -> Iterator[Any]:
        """Yield the metric families about past replies, and the spent shares of limits."""
        families: Any = import_module("prometheus_client.core")
        counter, gauge = families.CounterMetricFamily, families.GaugeMetricFamily
        replies = counter("sitechat_replies", "Replies that ended.", labels=[*LABELS, "outcome"])
        tokens = counter(
            "sitechat_tokens", "Tokens as counted by Claude.", labels=[*LABELS, "kind"]
        )
        dollars = counter("sitechat_dollars", "US dollars.", labels=LABELS)
        conversations = counter("sitechat_conversations", "New conversations.", labels=LABELS)
        first = families.HistogramMetricFamily(
            "sitechat_first_token_seconds", "Time to first token.", labels=LABELS
        )
        whole = families.HistogramMetricFamily(
            "sitechat_reply_seconds", "Time to the end of the reply.", labels=LABELS
        )
        for labels, figures in usage_report.totals().items():
            answered = figures.replies - figures.errors - figures.refusals
            replies.add_metric([*labels, "answered"], answered)
            replies.add_metric([*labels, "error"], figures.errors)
            replies.add_metric([*labels, "refused"], figures.refusals)
            for kind in ("input", "output", "cache_read", "cache_write"):
                tokens.add_metric([*labels, kind], getattr(figures, f"{kind}_tokens"))
            dollars.add_metric(labels, float(figures.dollars))
            conversations.add_metric(labels, figures.conversations)
            first.add_metric(labels, *_seconds(figures.first_token_ms))
            whole.add_metric(labels, *_seconds(figures.total_ms))
        yield from (replies, tokens, dollars, conversations, first, whole)
        spent = gauge(
            "sitechat_limit_spent_ratio", "Spent share of a limit of the site.", labels=["limit"]
        )
        for use in usage_report.site_limits():
            spent.add_metric([str(use.limit)], use.share)
        yield spent


def _seconds(times: Mapping[int, int]) -> tuple[list[tuple[str, int]], float]:
    """Return the cumulative buckets and the sum of a histogram in milliseconds.

    The upper bounds of the buckets and the sum are in seconds.
    """
    buckets = [
        (
            str(float(end)),
            sum(n for b, n in times.items() if time_histogram.middle(b) <= end * 1000),
        )
        for end in BUCKETS
    ]
    total = sum(time_histogram.middle(b) * n for b, n in times.items()) / 1000
    return [*buckets, ("+Inf", sum(times.values()))], total
