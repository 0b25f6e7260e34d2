"""Benchmark of one visitor who reads too much, and of the effect on other visitors.

    python benchmarks/readers.py [--short] [--before DIR] [--only TEXT]

First 400 loops of one browser request a history of 500 messages, each as soon as the last response
has ended. Then 2,000 connections of one browser follow one reply. With `--floor`, as many loops and
connections also request an empty page, to measure what Django and the server need alone.

Meanwhile other visitors ask, and open another page. Their times are measured before the greedy
browser starts, and from its start on. `--before` is a checkout of another commit, which is measured
in the same run. Visitors, stand-in, database and site run on the same machine, and the greedy
browser in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
from math import nan
from pathlib import Path
from time import perf_counter
from typing import Any

from harness import figures, peers, targets
from harness.greedy import greedy
from harness.visitors import Visitor

FOLLOWERS, LOOPS, HISTORY = 2_000, 400, 500
SECONDS = 10.0
UNTIL_REFUSED = 10.0
"""Seconds after which all refusals of the loops have been sent."""

MIDDLEWARE = dataclasses.replace(
    peers.OURS_UVICORN,
    name="sitechat, uvicorn, ChatMiddleware",
    environ={"BENCHMARK_MIDDLEWARE": "1"},
)
FEW_THREADS = peers.FEW_THREADS[2]
FEW_THREADS_MIDDLEWARE = dataclasses.replace(
    FEW_THREADS,
    name=f"{FEW_THREADS.name}, ChatMiddleware",
    environ={**FEW_THREADS.environ, "BENCHMARK_MIDDLEWARE": "1"},
)


class Others:
    """Visitors who come one by one, and the CPU time of the site meanwhile."""

    def __init__(self, served: peers.Served) -> None:
        self._served = served
        self.milliseconds: dict[str, list[float]] = {"first token": [], "page": []}
        self.refused = 0
        """The number of messages that were refused with 503."""
        self.cpu_share = 0.0
        """The CPU time of the site's process, as a share of one core."""

    async def come(self, seconds: float) -> None:
        """Let visitors come for some seconds."""
        started, used = perf_counter(), self._served.cpu_ms()
        while perf_counter() < started + seconds:
            visitor = Visitor(self._served.url)
            self.milliseconds["page"].append(await visitor.open_page() * 1000)
            answer = await visitor.ask()
            if answer.whole:
                self.milliseconds["first token"].append((answer.first - answer.sent) * 1000)
            else:  # a server with few threads has no stream left; a widget would poll
                assert answer.status == 503, answer
                self.refused += 1
            await asyncio.sleep(0.1)
        took = (perf_counter() - started) * 1000
        self.cpu_share = (self._served.cpu_ms() - used) / took

    def figures(self) -> dict[str, float]:
        """Return the median, the 95th percentile and the worst time of each request."""
        found = {}
        for what, values in self.milliseconds.items():
            for name, share in (("p50", 0.5), ("p95", 0.95), ("worst", 1.0)):
                found[f"{what} {name} ms"] = figures.percentile(values or [nan], share)
        return {**found, "refused": self.refused, "CPU share": self.cpu_share}


async def follow(bench: targets.Bench, served: peers.Served, seconds: float) -> dict[str, Any]:
    """Let many connections follow one reply, and return the figures of the others."""
    bench.answers(int(4 * seconds / 0.1), pace=0.1)
    owner = Visitor(served.url)
    asking = asyncio.create_task(owner.ask())
    await owner.read(1)
    reader = Visitor(served.url)
    reader.cookies, reader.address = dict(owner.cookies), owner.address
    history = await reader.get(reader.url.path)
    path = f"{owner.url.path}replies/{json.loads(history.body)['running']}/"
    bench.answers(5, abort=False)
    others = Others(served)
    async with greedy(owner, path, FOLLOWERS) as statuses:
        await others.come(seconds)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return {**others.figures(), "statuses": dict(statuses)}


async def loop(
    bench: targets.Bench, served: peers.Served, database: str, seconds: float
) -> dict[str, Any]:
    """Let many loops request a long history, and return the figures of the others."""
    bench.answers(5)
    owner = Visitor(served.url)
    await owner.ask()
    grow = [sys.executable, "-m", "served.grow", str(HISTORY)]
    process = await asyncio.create_subprocess_exec(
        *grow, env=peers.environment("sitechat", database)
    )
    assert await process.wait() == 0
    others = Others(served)
    async with greedy(owner, owner.url.path, LOOPS, loop=True) as statuses:
        await others.come(seconds)
    return {**others.figures(), "statuses": dict(statuses)}


async def empty(
    served: peers.Served, count: int, seconds: float, *, loop: bool = False
) -> dict[str, Any]:
    """Let many connections request a page that takes no work; return the figures of the others."""
    others = Others(served)
    async with greedy(Visitor(served.url), "/empty/", count, loop=loop) as statuses:
        await others.come(seconds)
    return {**others.figures(), "statuses": dict(statuses)}


async def measure(
    bench: targets.Bench, served: peers.Served, database: str, seconds: float
) -> dict[str, Any]:
    bench.answers(5)
    await targets.warm_up([served], turns=5)
    quiet = Others(served)
    await quiet.come(seconds)
    loops = await loop(bench, served, database, seconds)
    await asyncio.sleep(UNTIL_REFUSED)
    followers = await follow(bench, served, seconds)
    found = {"quiet": quiet.figures(), "loops": loops, "followers": followers}
    if bench.options.floor:
        await asyncio.sleep(UNTIL_REFUSED)
        found["loops of an empty page"] = await empty(served, LOOPS, seconds, loop=True)
        found["connections to an empty page"] = await empty(served, FOLLOWERS, seconds)
    return found


def chosen(options: argparse.Namespace) -> list[peers.Peer]:
    """Return the peers to measure."""
    found = [peers.OURS_UVICORN, MIDDLEWARE, FEW_THREADS, FEW_THREADS_MIDDLEWARE]
    if options.before:
        source = options.before.resolve()
        found += [
            dataclasses.replace(peer, name=f"before: {peer.name}", source=source) for peer in found
        ]
    return [peer for peer in found if not options.only or options.only in peer.name]


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of another commit")
    parser.add_argument("--only", help="measure only peers whose name contains this text")
    parser.add_argument("--floor", action="store_true", help="measure an empty page, too")
    options = parser.parse_args()
    if options.url:
        print("Skipped: this benchmark reads the database of the peers, so it can't use --url.")
        return 0
    seconds = SECONDS / 2 if options.short else SECONDS
    found: dict[str, Any] = {}
    rows: list[list[object]] = []
    with targets.Bench(options) as bench:
        for peer in chosen(options):
            database = bench.databases.of(peer.chat, peer.source)
            with bench.target(peer, streams=20) as served:
                found[peer.name] = asyncio.run(measure(bench, served, database, seconds))
            for name, part in found[peer.name].items():
                values = {key: value for key, value in part.items() if key != "statuses"}
                rows = rows or [["the others", *values, "statuses"]]
                rows.append(
                    [f"{peer.name}, {name}", *values.values(), str(part.get("statuses", ""))]
                )
            figures.keep(options, "readers", found)
    figures.table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
