"""Benchmark of 200 visitors on gunicorn gthread with 2 processes of 8 threads.

    python benchmarks/few_threads.py [--visitors 200] [--short] [--url URL]

Visitors arrive within ten seconds. The stand-in writes an answer in four seconds. Visitors behave
like the widget: if the site has no thread for a stream, they poll, with a delay of 0.8 s plus three
times the duration of the last poll. Visitors of the plain peer wait for a thread. Database
connections are kept for a minute (CONN_MAX_AGE), as is usual with threads. sitechat is also
measured with a new connection for each request.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

from harness import figures, peers, targets
from harness.visitors import Visitor

DELTAS, PACE = 40, 0.1
POLL, BACKOFF, MAX_DELAY = 0.8, 3, 8.0
WITHIN = 180.0
"""Seconds after which a visitor gives up."""


async def visit(visitor: Visitor) -> tuple[bool, float, bool]:
    """Return whether the answer arrived, the seconds until its end, and whether it was polled."""
    started = perf_counter()
    answer = await visitor.ask(polls=True)
    if answer.status == 200:
        return answer.whole, perf_counter() - started, False
    if answer.status != 202:
        return False, perf_counter() - started, False
    reply = json.loads(answer.body)["reply"]
    while True:
        asked = perf_counter()
        found = await visitor.poll(reply)
        if found["status"] != "running":
            return found["status"] == "complete", perf_counter() - started, True
        await asyncio.sleep(min(MAX_DELAY, POLL + BACKOFF * (perf_counter() - asked)))


async def open_pages(url: str, done: asyncio.Event) -> list[float]:
    visitor, times = Visitor(url), []
    while not done.is_set():
        times.append(await visitor.open_page())
        await asyncio.sleep(0.2)
    return times


async def measure(bench: targets.Bench, served: peers.Served, visitors: int) -> dict[str, Any]:
    bench.answers(5)
    await targets.warm_up([served], turns=10)
    bench.answers(DELTAS, pace=PACE)
    done = asyncio.Event()
    pages = asyncio.create_task(open_pages(served.url, done))
    visiting = []
    for _ in range(visitors):
        visit_one = asyncio.wait_for(visit(Visitor(served.url)), WITHIN)
        visiting.append(asyncio.create_task(visit_one))
        await asyncio.sleep(10 / visitors)
    visits = await asyncio.gather(*visiting, return_exceptions=True)
    done.set()
    page_times = [seconds * 1000 for seconds in await pages]
    answered = [v for v in visits if not isinstance(v, BaseException) and v[0]]
    return {
        "visitors": visitors,
        "answered": len(answered),
        "by polling": sum(polled for _, _, polled in answered),
        "answer p50 s": figures.percentile([seconds for _, seconds, _ in answered], 0.5),
        "answer most s": max((seconds for _, seconds, _ in answered), default=float("nan")),
        "pages p50 ms": figures.percentile(page_times, 0.5),
        "pages p95 ms": figures.percentile(page_times, 0.95),
        "pages most ms": max(page_times),
    }


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--visitors", type=int)
    options = parser.parse_args()
    visitors = options.visitors or (40 if options.short else 200)
    found = {}
    for peer in peers.FEW_THREADS:
        with targets.Bench(options) as bench, bench.targets([peer]) as (served,):
            found[served.name] = asyncio.run(measure(bench, served, visitors))
        if options.url:
            break
    columns = [*next(iter(found.values()))]
    rows: list[list[object]] = [["", *columns]]
    rows += [[name, *(f"{each[key]:.4g}" for key in columns)] for name, each in found.items()]
    figures.table(rows)
    figures.keep(options, "few threads", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
