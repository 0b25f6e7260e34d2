"""Benchmark of one process: turns and events per second, and CPU time per 1,000 events.

    python benchmarks/throughput.py [--short] [--url URL]

It measures three things. First four visitors send messages without a pause, and get answers of five
tokens. The turns per second are counted. Second, the stand-in writes to 1 and to 50 visitors as
fast as they read. It holds all answers until every one has started, and the time is measured from
then to the last delta. Third, it writes 20 deltas a second to each of 50 visitors, like Claude, and
the CPU time of the process is read twice during the answers. So the figures of events exclude the
start and end of turns. Events are deltas of the stand-in: if a peer sends several at once, each
counts.
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import Any

from harness import figures, peers, targets
from harness.visitors import Visitor

CLIENTS = 4
STREAMS = 50
PACE = 0.05


async def turns_per_second(served: peers.Served, seconds: float) -> float:
    """Return the turns per second of visitors who never pause."""
    end = perf_counter() + seconds

    async def ask_until_the_end() -> int:
        visitor, turns = Visitor(served.url), 0
        while perf_counter() < end:
            answer = await visitor.ask()
            assert answer.whole, (served.name, answer)
            turns += 1
        return turns

    started = perf_counter()
    counts = await asyncio.gather(*(ask_until_the_end() for _ in range(CLIENTS)))
    return sum(counts) / (perf_counter() - started)


async def at_full_speed(
    bench: targets.Bench, served: peers.Served, streams: int, events: int
) -> float:
    """Return the events per second."""
    bench.answers(events, hold=True)
    visitors = [Visitor(served.url) for _ in range(streams)]
    asking = [asyncio.create_task(visitor.ask()) for visitor in visitors]
    await asyncio.gather(*(visitor.read(1) for visitor in visitors))
    started = perf_counter()
    bench.standin.release(streams)
    answers = await asyncio.gather(*asking)
    for answer in answers:
        assert answer.events == events, (served.name, answer)
    return streams * (events - 1) / (max(answer.newest for answer in answers) - started)


async def at_pace(served: peers.Served, streams: int, seconds: float) -> dict[str, float]:
    """Return the CPU milliseconds per 1,000 events at the pace of Claude, and event counts."""
    visitors = [Visitor(served.url) for _ in range(streams)]
    asking = [asyncio.create_task(visitor.ask()) for visitor in visitors]
    await asyncio.gather(*(visitor.read(10) for visitor in visitors))

    def now() -> tuple[float, float, int]:
        return perf_counter(), served.cpu_ms(), sum(v.answer.events for v in visitors)

    started, cpu, events = now()
    await asyncio.sleep(seconds)
    ended, cpu_then, events_then = now()
    await asyncio.gather(*asking)
    received = events_then - events
    return {
        "cpu ms per 1,000 events": (cpu_then - cpu) / received * 1000,
        "events/s": received / (ended - started),
    }


async def measure(
    bench: targets.Bench, served: list[peers.Served], *, events: int, seconds: float, runs: int
) -> dict[str, Any]:
    bench.answers(5)
    await targets.warm_up(served)
    found: dict[str, Any] = {each.name: {} for each in served}
    turns: dict[str, list[float]] = {each.name: [] for each in served}
    for _ in range(runs):
        for each in served:
            turns[each.name].append(await turns_per_second(each, seconds))
    for name, values in turns.items():
        found[name][f"turns/s, {CLIENTS} clients"] = figures.spread(values)
    for streams in (1, STREAMS):
        each_gets = events // (1 if streams == 1 else 10)
        some = [each for each in served if streams == 1 or "sync" not in each.name]
        speeds: dict[str, list[float]] = {each.name: [] for each in some}
        for _ in range(runs):
            for each in some:
                speeds[each.name].append(await at_full_speed(bench, each, streams, each_gets))
        for name, values in speeds.items():
            found[name][f"events/s, {streams} at once"] = figures.spread(values)
    bench.answers(int((seconds + 6) / PACE), pace=PACE)
    some = [each for each in served if "sync" not in each.name]
    paced: dict[str, list[float]] = {each.name: [] for each in some}
    for _ in range(runs):
        for each in some:
            figure = await at_pace(each, STREAMS, seconds)
            paced[each.name].append(figure["cpu ms per 1,000 events"])
    for name, values in paced.items():
        found[name]["cpu ms per 1,000 events"] = figures.spread(values)
    return found


def main() -> int:
    options = figures.parser(__doc__).parse_args()
    settings: dict[str, Any] = (
        {"events": 5_000, "seconds": 4.0, "runs": 1}
        if options.short
        else {"events": 10_000, "seconds": 4.0, "runs": 3}
    )
    with targets.Bench(options) as bench, bench.targets(streams=STREAMS) as served:
        found = asyncio.run(measure(bench, served, **settings))
    rows: list[list[object]] = [
        [
            "median of runs",
            "turns/s",
            "events/s, 1",
            "events/s, 50",
            "CPU ms per 1,000 events",
            "from",
            "to",
        ]
    ]
    nothing = {"median": float("nan"), "least": float("nan"), "most": float("nan")}
    for name, each in found.items():
        cpu = each.get("cpu ms per 1,000 events", nothing)
        one = each["events/s, 1 at once"]["median"]
        fifty = each.get("events/s, 50 at once", nothing)["median"]
        turns = each[f"turns/s, {CLIENTS} clients"]["median"]
        rows.append([name, turns, one, fifty, cpu["median"], cpu["least"], cpu["most"]])
    figures.table(rows)
    figures.keep(options, "throughput", {**settings, **found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
