"""Benchmark of one visitor who reads too much: what it costs the others.

    python benchmarks/readers.py [--short]

First 2,000 connections of one browser follow one reply. Then 400 loops of one browser request a
history of 500 messages, each as soon as the last response has ended. Meanwhile other visitors ask,
and open another page. Their times are compared with those before, in the same run. Visitors,
stand-in, database and site run on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from time import perf_counter
from typing import Any

from harness import figures, peers, targets
from harness.visitors import Visitor

FOLLOWERS, LOOPS, HISTORY = 2_000, 400, 500
SECONDS = 10.0


async def others(served: peers.Served, seconds: float) -> dict[str, list[float]]:
    """Return the milliseconds of first tokens and pages of visitors who come one by one."""
    found: dict[str, list[float]] = {"first token": [], "page": []}
    end = perf_counter() + seconds
    while perf_counter() < end:
        visitor = Visitor(served.url)
        found["page"].append(await visitor.open_page() * 1000)
        answer = await visitor.ask()
        assert answer.whole, answer
        found["first token"].append((answer.first - answer.sent) * 1000)
        await asyncio.sleep(0.1)
    return found


def copy_of(visitor: Visitor) -> Visitor:
    """Return another connection of the same browser."""
    copy = Visitor(visitor.url.geturl())
    copy.cookies, copy.address = dict(visitor.cookies), visitor.address
    return copy


async def request(visitor: Visitor, path: str, statuses: Counter[str]) -> None:
    """Request a path once, and count the status."""
    try:
        answer = await visitor.get(path)
    except (OSError, asyncio.IncompleteReadError):
        statuses["no answer"] += 1
    else:
        statuses[str(answer.status)] += 1


async def request_again_and_again(visitor: Visitor, path: str, statuses: Counter[str]) -> None:
    """Request a path until cancelled."""
    while True:
        await request(visitor, path, statuses)


async def follow(
    bench: targets.Bench, served: peers.Served, seconds: float
) -> tuple[dict[str, list[float]], Counter[str]]:
    """Let many connections follow one reply, and return the times of the others."""
    bench.answers(int(3 * seconds / 0.1), pace=0.1)
    owner = Visitor(served.url)
    asking = asyncio.create_task(owner.ask())
    await owner.read(1)
    history = await copy_of(owner).get(owner.url.path)
    path = f"{owner.url.path}replies/{json.loads(history.body)['running']}/"
    bench.answers(5)
    statuses: Counter[str] = Counter()
    following = [
        asyncio.create_task(request(copy_of(owner), path, statuses)) for _ in range(FOLLOWERS)
    ]
    await asyncio.sleep(1)
    times = await others(served, seconds)
    statuses["200"] += sum(not task.done() for task in following)
    for task in (asking, *following):
        task.cancel()
    await asyncio.gather(asking, *following, return_exceptions=True)
    return times, statuses


async def loop(
    bench: targets.Bench, served: peers.Served, database: str, seconds: float
) -> tuple[dict[str, list[float]], Counter[str]]:
    """Let many loops request a long history, and return the times of the others."""
    bench.answers(5)
    owner = Visitor(served.url)
    await owner.ask()
    grow = [sys.executable, "-m", "served.grow", str(HISTORY)]
    process = await asyncio.create_subprocess_exec(
        *grow, env=peers.environment("sitechat", database)
    )
    assert await process.wait() == 0
    statuses: Counter[str] = Counter()
    loops = [
        asyncio.create_task(request_again_and_again(copy_of(owner), owner.url.path, statuses))
        for _ in range(LOOPS)
    ]
    await asyncio.sleep(1)
    times = await others(served, seconds)
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return times, statuses


async def measure(
    bench: targets.Bench, served: peers.Served, database: str, seconds: float
) -> dict[str, Any]:
    bench.answers(5)
    await targets.warm_up([served], turns=5)
    found: dict[str, Any] = {}
    quiet = await others(served, seconds)
    followed, statuses = await follow(bench, served, seconds)
    found["followers"] = {"statuses": dict(statuses)}
    looped, statuses = await loop(bench, served, database, seconds)
    found["loops"] = {"statuses": dict(statuses)}
    for name, times in (("quiet", quiet), ("followers", followed), ("loops", looped)):
        part = found.setdefault(name, {})
        for what, values in times.items():
            for share in (0.5, 0.95):
                part[f"{what} p{share * 100:.0f} ms"] = figures.percentile(values, share)
    return found


def main() -> int:
    options: argparse.Namespace = figures.parser(__doc__).parse_args()
    if options.url:
        print("Skipped: this benchmark reads the database of the peers, so it can't use --url.")
        return 0
    found: dict[str, Any] = {}
    rows: list[list[object]] = []
    with targets.Bench(options) as bench:
        for peer in (peers.OURS_UVICORN, peers.OURS_GTHREAD):
            with bench.target(peer, streams=20) as served:
                database = bench.databases.of(peer.chat)
                seconds = SECONDS / 2 if options.short else SECONDS
                each = asyncio.run(measure(bench, served, database, seconds))
            found[peer.name] = each
            for name, part in each.items():
                values = {key: value for key, value in part.items() if key != "statuses"}
                rows = rows or [["the others", *values, "statuses"]]
                rows.append(
                    [f"{peer.name}, {name}", *values.values(), str(part.get("statuses", ""))]
                )
    figures.table(rows)
    figures.keep(options, "readers", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
