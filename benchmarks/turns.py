"""Benchmark of a turn's database statements, and of turns in long conversations.

    python benchmarks/turns.py [--short] [--statements]

It counts the SQL statements of a turn in all threads, measures turns at message 5 and message 5,000
of a conversation, and counts the writes while a reply of 10 seconds streams, slowly and fast.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from harness import figures, peers, targets
from harness.visitors import Visitor

COUNTED = {"BENCHMARK_STATEMENTS": "1"}
PEERS = (peers.PLAIN, peers.OURS_UVICORN)
LENGTHS = (5, 5000)


async def statements(visitor: Visitor) -> list[tuple[float, str, int]]:
    """Return the site's statements since the last call; see `served.statements.take`."""
    answer = await visitor.get("/statements/")
    return [tuple(entry) for entry in json.loads(answer.body)["statements"]]


async def count(bench: targets.Bench, served: peers.Served) -> dict[str, list[str]]:
    """Return the statements of the first, second and third turn of a conversation."""
    bench.answers(5)
    await targets.warm_up([served])
    visitor, found = Visitor(served.url), {}
    await asyncio.sleep(2)
    await statements(visitor)
    for turn in ("first", "second", "third"):
        await visitor.ask()
        await asyncio.sleep(0.3)
        found[turn] = [sql for _, sql, _ in await statements(visitor)]
    return found


async def time_at(
    bench: targets.Bench, served: peers.Served, chat: str, database: str, rounds: int
) -> dict[str, Any]:
    """Return the milliseconds of a turn by the length of the conversation."""
    bench.answers(5)
    await targets.warm_up([served])
    found: dict[str, Any] = {}
    visitors = {}
    for length in LENGTHS:
        visitors[length] = visitor = Visitor(served.url)
        await visitor.ask()
        grow = [sys.executable, "-m", "served.grow", str(length - 1)]
        process = await asyncio.create_subprocess_exec(*grow, env=peers.environment(chat, database))
        assert await process.wait() == 0
    times: dict[int, list[float]] = {length: [] for length in LENGTHS}
    for _ in range(rounds):
        for length, visitor in visitors.items():
            answer = await visitor.ask()
            assert answer.whole, answer
            times[length].append((answer.ended - answer.sent) * 1000)
    for length, values in times.items():
        found[f"ms per turn at message {length}"] = figures.spread(values)
    return found


async def written(bench: targets.Bench, served: peers.Served, pace: float) -> tuple[int, int]:
    """Return the number of writes and the bytes of their values while a reply streams."""
    bench.answers(int(10 / pace), pace=pace)
    visitor = Visitor(served.url)
    asking = asyncio.create_task(visitor.ask())
    await visitor.read(1)
    await statements(visitor)
    await asyncio.sleep(9)
    seen = await statements(visitor)
    await asking
    writes = [size for _, sql, size in seen if sql.startswith(("UPDATE", "INSERT", "DELETE"))]
    return len(writes), sum(writes)


async def measure(
    bench: targets.Bench, peer: peers.Peer, served: peers.Served, rounds: int
) -> dict[str, Any]:
    database = bench.databases.of(peer.chat)
    turns = await count(bench, served)
    found: dict[str, Any] = {f"SQL, {turn} turn": len(sql) for turn, sql in turns.items()}
    found["statements"] = turns
    found |= await time_at(bench, served, peer.chat, database, rounds)
    for name, pace in (("10 deltas/s", 0.1), ("50 deltas/s", 0.02)):
        writes, size = await written(bench, served, pace)
        found[f"writes in 9 s at {name}"] = writes
        found[f"bytes in 9 s at {name}"] = size
    return found


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--statements", action="store_true", help="also print the SQL")
    options = parser.parse_args()
    if options.url:
        print("Skipped: this benchmark reads the database of the peers, so it can't use --url.")
        return 0
    found: dict[str, Any] = {}
    with targets.Bench(options) as bench:
        for peer in PEERS:
            with bench.target(peer, environ=COUNTED) as served:
                rounds = 10 if options.short else 50
                found[peer.name] = asyncio.run(measure(bench, peer, served, rounds))
    for name, each in found.items():
        print(name)
        for turn, sql in each.pop("statements").items():
            if options.statements:
                print(f"  {turn} turn:", *(f"    {s[:150]}" for s in sql), sep="\n")
        for figure, value in each.items():
            print(f"  {figure}: {figures.shown(value)}")
    figures.keep(options, "turns", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
