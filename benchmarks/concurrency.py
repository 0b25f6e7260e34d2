"""Benchmark of many open streams in one process: delay of events, and speed of other pages.

    python benchmarks/concurrency.py [--streams 100 250 500 1000] [--short] [--url URL]

Each stream gets 10 deltas a second. First 50 streams run to their end, to warm up the process.
Then visitors arrive at random moments, about ten a second (the same moments in every run), so that
the deltas of different streams are independent. When all have arrived, the delay of every delta is
measured by the stand-in's clock. Meanwhile another page is requested ten times a second, and the
memory of the process is read. Visitors, stand-in, database and site run on the same machine.
"""

from __future__ import annotations

import asyncio
import sys
from random import Random
from time import perf_counter
from typing import Any

from harness import figures, peers, targets
from harness.visitors import Answer, Visitor

AnswerTask = asyncio.Task[Answer]

PACE = 0.1
ARRIVALS = 10
"""Visitors that arrive in a second, on average."""
EARLIER = 50
"""Streams that end before memory is read for the first time."""


async def arrive(url: str, count: int, *, timed: bool = False) -> dict[Visitor, AnswerTask]:
    """Start visitors at random moments and return their tasks."""
    visitors: dict[Visitor, AnswerTask] = {}
    moments = Random(count)
    for _ in range(count):
        visitor = Visitor(url)
        visitors[visitor] = asyncio.create_task(visitor.ask(timed=timed))
        await asyncio.sleep(moments.expovariate(ARRIVALS))
    return visitors


async def open_pages(url: str, done: asyncio.Event) -> list[float]:
    visitor, times = Visitor(url), []
    while not done.is_set():
        times.append(await visitor.open_page())
        await asyncio.sleep(0.1)
    return times


async def measure(
    bench: targets.Bench, served: peers.Served, streams: int, seconds: float
) -> dict[str, Any]:
    bench.answers(5)
    await targets.warm_up([served], turns=5)
    bench.answers(50, pace=PACE)
    await asyncio.gather(*(await arrive(served.url, EARLIER)).values())
    await asyncio.sleep(1)
    idle = served.memory_kb()
    arriving = streams / ARRIVALS
    bench.answers(int((3 * arriving + seconds + 30) / PACE), pace=PACE)
    visitors = await arrive(served.url, streams, timed=True)
    await asyncio.gather(*(visitor.read(5) for visitor in visitors))
    await asyncio.sleep(2)
    for visitor in visitors:
        visitor.answer.arrivals.clear()
    done = asyncio.Event()
    pages = asyncio.create_task(open_pages(served.url, done))
    started, cpu = perf_counter(), served.cpu_ms()
    await asyncio.sleep(seconds)
    ended = sum(task.done() for task in visitors.values())
    busy = (served.cpu_ms() - cpu) / (perf_counter() - started) / 1000
    memory = served.memory_kb() - idle
    delays = [delay * 1000 for visitor in visitors for delay in visitor.answer.delays(PACE)]
    done.set()
    page_times = [seconds * 1000 for seconds in await pages]
    for task in visitors.values():
        task.cancel()
    await asyncio.gather(*visitors.values(), return_exceptions=True)
    return {
        "streams": streams,
        "ended early": ended,
        "deltas": len(delays),
        "p50 ms": figures.percentile(delays, 0.5),
        "p95 ms": figures.percentile(delays, 0.95),
        "p99 ms": figures.percentile(delays, 0.99),
        "within 150 ms": sum(delay <= 150 for delay in delays) / len(delays),
        "pages p50 ms": figures.percentile(page_times, 0.5),
        "pages p95 ms": figures.percentile(page_times, 0.95),
        "KB per stream": memory / streams,
        "idle MB": idle / 1024,
        "cores": busy,
    }


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--streams", type=int, nargs="+")
    options = parser.parse_args()
    numbers = options.streams or ([50, 100] if options.short else [250, 500, 1000])
    seconds = 5.0 if options.short else 10.0
    found: dict[str, list[dict[str, Any]]] = {}
    columns = (
        "p50 ms",
        "p99 ms",
        "within 150 ms",
        "ended early",
        "pages p95 ms",
        "KB per stream",
        "cores",
    )
    rows: list[list[object]] = [["streams of 10 deltas/s", *columns]]
    for peer in (peers.OURS_UVICORN, peers.RELAY):
        for streams in numbers:
            with targets.Bench(options) as bench, bench.targets([peer]) as (served,):
                figure = asyncio.run(measure(bench, served, streams, seconds))
            found.setdefault(served.name, []).append(figure)
            rows.append([f"{served.name}, {streams}", *(f"{figure[key]:.3g}" for key in columns)])
            figures.keep(options, "concurrency", {"seconds": seconds, **found})
        if options.url:
            break
    figures.table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
