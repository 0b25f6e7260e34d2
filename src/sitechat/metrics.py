"""What the chat does, for Prometheus. Needs `prometheus_client`.

```python
from prometheus_client import REGISTRY
from sitechat.metrics import ChatCollector

REGISTRY.register(ChatCollector())
```

The numbers come from the database when they are asked for, so that every process of the site
tells the same and none must be added up. Counters begin with the first reply of the site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from sitechat.models import Message, Status, Unanswered
from sitechat.owner import histogram, statistics

BUCKETS = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
"""Upper ends of the histograms' buckets in seconds; times are known to within 5%."""

BY = ["bot", "model"]


class ChatCollector:
    """A collector for a registry of `prometheus_client`."""

    def describe(self) -> list[Any]:
        """Nothing: so registering asks no database."""
        return []

    def collect(self) -> Iterator[Any]:
        families: Any = import_module("prometheus_client.core")
        counter, gauge = families.CounterMetricFamily, families.GaugeMetricFamily
        replies = counter("sitechat_replies", "Replies that ended.", labels=[*BY, "outcome"])
        tokens = counter("sitechat_tokens", "Tokens by Claude's count.", labels=[*BY, "kind"])
        dollars = counter("sitechat_dollars", "US dollars.", labels=BY)
        begun = counter("sitechat_conversations", "Conversations begun.", labels=BY)
        first = families.HistogramMetricFamily(
            "sitechat_first_token_seconds", "Time to the first words.", labels=BY
        )
        whole = families.HistogramMetricFamily(
            "sitechat_reply_seconds", "Time to the last words.", labels=BY
        )
        for by, figures in statistics.totals().items():
            answered = figures.replies - figures.errors - figures.refusals
            replies.add_metric([*by, "answered"], answered)
            replies.add_metric([*by, "error"], figures.errors)
            replies.add_metric([*by, "refused"], figures.refusals)
            for kind in ("input", "output", "cache_read", "cache_write"):
                tokens.add_metric([*by, kind], getattr(figures, f"{kind}_tokens"))
            dollars.add_metric(by, float(figures.dollars))
            begun.add_metric(by, figures.conversations)
            first.add_metric(by, *_seconds(figures.first_token_ms))
            whole.add_metric(by, *_seconds(figures.total_ms))
        yield from (replies, tokens, dollars, begun, first, whole)
        running = Message.objects.filter(status=Status.RUNNING).count()
        yield gauge("sitechat_running_replies", "Replies being written.", value=running)
        unanswered = Unanswered.objects.open().count()
        yield gauge("sitechat_unanswered", "Questions on the list of unanswered.", value=unanswered)
        spent = gauge(
            "sitechat_limit_spent_ratio", "What is spent of a limit of the site.", labels=["limit"]
        )
        for budget in statistics.budgets():
            spent.add_metric([str(budget.limit)], budget.share)
        yield spent


def _seconds(times: Mapping[int, int]) -> tuple[list[tuple[str, int]], float]:
    """A histogram of milliseconds as Prometheus counts: cumulative, and the sum in seconds."""
    buckets = [
        (str(float(end)), sum(n for b, n in times.items() if histogram.middle(b) <= end * 1000))
        for end in BUCKETS
    ]
    total = sum(histogram.middle(b) * n for b, n in times.items()) / 1000
    return [*buckets, ("+Inf", sum(times.values()))], total
