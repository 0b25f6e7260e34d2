"""Benchmark of the time to the first token, and the CPU time of a turn.

    python benchmarks/first_token.py [--short] [--url URL]

A visitor sends two messages in a session. The stand-in starts to answer immediately and writes for
a moment, so that the start and end of a turn do not overlap. The reported time is what the site
adds: the time to the visitor's first text, minus the time of the SDK alone. This is the median of
the same run, with a warm client. The peers alternate, so that other load of the machine affects
them equally. The time of a Django view that only uses a session and streams is reported for
comparison.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from time import perf_counter
from typing import Any

from harness import figures, peers, targets
from harness.visitors import Visitor

Times = tuple[list[float], list[float]]
"""Milliseconds of first and of second turns."""

DIRECT = "the SDK, called directly"
EVENTS, PACE = 5, 0.03
TOGETHER = 10


async def direct(client: Any) -> float:
    started = perf_counter()
    stream = await client.messages.create(
        model="claude-opus-4-7",
        max_tokens=1024,
        messages=[{"role": "user", "content": "What does this site do?"}],
        stream=True,
    )
    first = 0.0
    async for event in stream:
        if not first and event.type == "content_block_delta":
            first = perf_counter() - started
    return first * 1000


async def measure(bench: targets.Bench, served: list[peers.Served], rounds: int) -> dict[str, Any]:
    import anthropic

    bench.answers(EVENTS, pace=PACE)
    client = anthropic.AsyncAnthropic(
        api_key="sk-benchmark",
        base_url=bench.standin.url,
        http_client=anthropic.DefaultAioHttpClient(),
    )
    for _ in range(5):
        await direct(client)
    await targets.warm_up(served)
    bare = {each.name: f"{each.url.rpartition('/api/')[0]}/bare/" for each in _ours(served)}
    alone: list[float] = []
    times: dict[str, Times] = {each.name: ([], []) for each in served}
    views: dict[str, Times] = {name: ([], []) for name in bare}
    cpu: dict[str, list[float]] = {each.name: [] for each in served}
    for _ in range(rounds):
        alone.append(await direct(client))
        for each in served:
            visitor = Visitor(each.url)
            before = each.cpu_ms()
            for turn in (0, 1):
                answer = await visitor.ask()
                assert answer.whole, (each.name, answer)
                times[each.name][turn].append((answer.first - answer.sent) * 1000)
            await asyncio.sleep(0.05)  # the site finishes the turn after its last event
            cpu[each.name].append((each.cpu_ms() - before) / 2)
        for name, url in bare.items():
            visitor = Visitor(url)
            for turn in (0, 1):
                answer = await visitor.ask()
                views[name][turn].append((answer.first - answer.sent) * 1000)
    await client.close()
    base = figures.percentile(alone, 0.5)
    found: dict[str, Any] = {DIRECT: {"ms": figures.spread(alone)}}
    for each in served:
        first, second = times[each.name]
        found[each.name] = {
            f"{turn} turn, added ms": {
                "p50": figures.percentile(values, 0.5) - base,
                "p95": figures.percentile(values, 0.95) - base,
                "least": min(values) - base,
                "most": max(values) - base,
            }
            for turn, values in (("first", first), ("second", second))
        }
        found[each.name]["cpu ms per turn"] = figures.spread(_means(cpu[each.name]))
        if each.name in views:
            found[each.name]["bare view, ms"] = [
                figures.spread(values) for values in views[each.name]
            ]
    return found


def _means(values: list[float]) -> list[float]:
    """Return means of ten values, because the clock of CPU time has a resolution of 10 ms."""
    return [
        statistics.fmean(values[n : n + TOGETHER])
        for n in range(0, len(values) - TOGETHER + 1, TOGETHER)
    ]


def _ours(served: list[peers.Served]) -> list[peers.Served]:
    """Return the peers that also serve the benchmarks' other views."""
    return [each for each in served if each.name.startswith("sitechat")]


def main() -> int:
    options = figures.parser(__doc__).parse_args()
    rounds = 20 if options.short else 60
    with (
        targets.Bench(options) as bench,
        bench.targets((*peers.PEERS, peers.OURS_POOLED)) as served,
    ):
        found = asyncio.run(measure(bench, served, rounds))
    alone = found[DIRECT]["ms"]
    print(f"{DIRECT}: {alone['median']:.1f} ms ({alone['least']:.1f} to {alone['most']:.1f})")
    rows: list[list[object]] = [
        ["added ms", "1st p50", "p95", "2nd p50", "p95", "CPU ms/turn", "bare view, 1st", "2nd"]
    ]
    for name, each in found.items():
        if name != DIRECT:
            first, second = each["first turn, added ms"], each["second turn, added ms"]
            ours = [turn[part] for turn in (first, second) for part in ("p50", "p95")]
            view = [spread["median"] for spread in each.get("bare view, ms", ())]
            rows.append([name, *ours, each["cpu ms per turn"]["median"], *(view or ("", ""))])
    figures.table(rows)
    figures.keep(options, "first token", {"rounds": rounds, **found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
