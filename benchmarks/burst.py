"""Benchmark of many simultaneous visitors: their answers, and the speed of other pages.

    python benchmarks/burst.py [--posts 100 300 500 1000] [--before DIR] [--short]

Each visitor posts once and reads the whole answer (40 tokens in 4 s). Meanwhile another page is
requested ten times a second, and the site's threads and database connections are counted. The
threads are counted again 5 and 15 seconds after the last answer.

The CPU time of a turn includes refused messages. It is given with and without the other page, whose
own CPU time is measured before the burst.

`--before` is a checkout of another commit, which is measured in the same run. With `--retry`,
visitors send a refused message again like the widget: after `Retry-After` with jitter. With
`--limits`, CHAT_LIMITS has its default and each visitor has a different IP address. Visitors,
stand-in, database and site run on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from harness import figures, peers, processes, targets
from harness.visitors import Answer, Visitor

TOKENS = 40
PACE = 0.1
PAGES = 40
"""Number of pages that are opened before the burst to measure their cost."""
LATER = (5, 15)
"""Seconds after the last answer at which the threads are counted again."""
GIVE_UP_AFTER = 600.0
"""Seconds after which a retrying visitor counts as unanswered."""

MIDDLEWARE = dataclasses.replace(
    peers.OURS_UVICORN,
    name="sitechat, uvicorn, ChatMiddleware",
    environ={"BENCHMARK_MIDDLEWARE": "1"},
)
FEW_THREADS = peers.FEW_THREADS[2]


class Watch:
    """Requests of another page, and counts of threads and connections, until stopped."""

    def __init__(self, served: peers.Served, database: str) -> None:
        self._served = served
        self._database = peers.Connections(database)
        self._stopped = asyncio.Event()
        self.pages: list[float] = []
        self.failed = 0
        """Number of pages that returned an error."""
        self.threads = 0
        self.connections = 0

    async def run(self) -> None:
        try:
            await asyncio.gather(self._open_pages(), self._count())
        finally:
            self._database.close()

    def stop(self) -> None:
        self._stopped.set()

    async def _open_pages(self) -> None:
        visitor = Visitor(self._served.url)
        while not self._stopped.is_set():
            answer = await visitor.look_at_page()
            self.pages.append((answer.ended - answer.sent) * 1000)
            self.failed += answer.status != 200
            await asyncio.sleep(0.1)

    async def _count(self) -> None:
        while not self._stopped.is_set():
            if self._served.pid is not None:
                self.threads = max(self.threads, processes.threads(self._served.pid))
            used = await asyncio.to_thread(self._database.count)
            self.connections = max(self.connections, used)
            await asyncio.sleep(0.25)


async def post(visitor: Visitor, *, retry: bool, until: float) -> Answer:
    """Send a message. With `retry`, send a refused one again after its `Retry-After`.

    Nothing is sent again after the time `until`, in seconds of `perf_counter`.
    """
    started = perf_counter()
    while True:
        answer = await visitor.ask()
        answer.sent = started
        again = answer.status in {429, 503} and answer.retry_after is not None
        if not retry or not again or perf_counter() > until:
            return answer
        await asyncio.sleep((answer.retry_after or 1) * random.uniform(1, 1.5))


async def page_cost(served: peers.Served) -> float:
    """Return the CPU milliseconds of a page when nobody uses the chat."""
    visitor, before = Visitor(served.url), served.cpu_ms()
    for _ in range(PAGES):
        await visitor.open_page()
    return (served.cpu_ms() - before) / PAGES


async def measure(
    bench: targets.Bench, served: peers.Served, database: str, posts: int, *, retry: bool
) -> dict[str, Any]:
    bench.answers(5)
    await targets.warm_up([served], turns=5)
    bench.answers(TOKENS, pace=PACE)
    cost = await page_cost(served)
    watch = Watch(served, database)
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(1)
    watch.pages.clear()
    started, cpu = perf_counter(), served.cpu_ms()
    until = started + GIVE_UP_AFTER
    visitors = [Visitor(served.url) for _ in range(posts)]
    tasks = [post(visitor, retry=retry, until=until) for visitor in visitors]
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    took = perf_counter() - started
    used, pages = served.cpu_ms() - cpu, len(watch.pages)
    watch.stop()
    await watching
    later = await threads_later(served)
    figure = {"posts": posts, "seconds": took, **summary(answers), **watched(watch)}
    whole = figure["whole"] or float("nan")
    return {
        **figure,
        **later,
        "CPU ms a page": cost,
        "CPU ms a turn": used / whole,
        "without pages": (used - pages * cost) / whole,
    }


async def threads_later(served: peers.Served) -> dict[str, int]:
    """Return the site's threads some seconds after the last answer."""
    found, waited = {}, 0
    for seconds in LATER:
        await asyncio.sleep(seconds - waited)
        waited = seconds
        assert served.pid is not None
        found[f"threads after {seconds} s"] = processes.threads(served.pid)
    return found


def summary(answers: Sequence[Answer | BaseException]) -> dict[str, Any]:
    """Return figures of the visitors' answers."""
    got = [answer for answer in answers if isinstance(answer, Answer)]
    statuses = Counter(str(answer.status) for answer in got)
    statuses["no answer"] = len(answers) - len(got)
    waited = [(answer.first - answer.sent) * 1000 for answer in got if answer.first]
    return {
        "whole": sum(answer.whole for answer in got),
        "cut": sum(answer.status == 200 and not answer.whole for answer in got),
        "statuses": dict(+statuses),
        "without Retry-After": sum(
            answer.status in {429, 503} and answer.retry_after is None for answer in got
        ),
        "first token p50 ms": figures.percentile(waited, 0.5),
        "first token p95 ms": figures.percentile(waited, 0.95),
    }


def watched(watch: Watch) -> dict[str, Any]:
    """Return figures of the site's process and other pages."""
    return {
        "pages p50 ms": figures.percentile(watch.pages, 0.5),
        "pages p95 ms": figures.percentile(watch.pages, 0.95),
        "pages failed": watch.failed,
        "threads": watch.threads,
        "connections": watch.connections,
    }


COLUMNS = (
    "whole",
    "cut",
    "seconds",
    "first token p50 ms",
    "first token p95 ms",
    "pages p50 ms",
    "pages p95 ms",
    "pages failed",
    "threads",
    *(f"threads after {seconds} s" for seconds in LATER),
    "connections",
    "CPU ms a page",
    "CPU ms a turn",
    "without pages",
)


def chosen(options: argparse.Namespace) -> list[peers.Peer]:
    """Return the peers to measure, sitechat first."""
    found = [peers.OURS_UVICORN, MIDDLEWARE]
    if options.before:
        source = options.before.resolve()
        found.append(
            dataclasses.replace(peers.OURS_UVICORN, name=f"before ({source.name})", source=source)
        )
    if not options.short:
        found += [FEW_THREADS, peers.PLAIN]
    return [peer for peer in found if not options.only or options.only in peer.name]


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--posts", type=int, nargs="+")
    parser.add_argument("--before", type=Path, help="a checkout of another commit")
    parser.add_argument("--retry", action="store_true", help="send refused messages again")
    parser.add_argument("--limits", action="store_true", help="CHAT_LIMITS at its default")
    parser.add_argument("--only", help="measure only peers whose name contains this text")
    options = parser.parse_args()
    numbers = options.posts or ([100, 300] if options.short else [100, 300, 500, 1000])
    environ = {"BENCHMARK_LIMITS": "default" if options.limits else "none"}
    found: list[dict[str, Any]] = []
    rows: list[list[object]] = [["posts at once", *COLUMNS]]
    for posts in numbers:
        for peer in chosen(options):
            with (
                targets.Bench(options) as bench,
                bench.target(peer, streams=posts, environ=environ) as served,
            ):
                database = bench.databases.of(peer.chat, peer.source)
                measured = measure(bench, served, database, posts, retry=options.retry)
                figure = {"peer": served.name, **asyncio.run(measured)}
            found.append(figure)
            rows.append([f"{posts}, {served.name}", *(float(figure[name]) for name in COLUMNS)])
            print(f"{posts}, {served.name}: {figure['statuses']}", flush=True)
            figures.keep(options, "burst", found)
    figures.table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
