"""Many connections of one browser, in a process of their own.

    python -m harness.greedy URL PATH COUNT [--loop] [--address ADDRESS] [--cookie NAME=VALUE ...]

Each connection requests the path once, or with `--loop` again and again. The process ends when its
standard input is closed. Then it prints the number of responses by status as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from harness.visitors import Visitor


async def request(visitor: Visitor, path: str, statuses: Counter[str]) -> None:
    """Request a path once, and count the status."""
    try:
        answer = await visitor.get(path)
    except asyncio.CancelledError:
        # A stream that is still open has a status, and a request that still waits has none.
        statuses[str(visitor.answer.status or "waiting")] += 1
        raise
    except (OSError, asyncio.IncompleteReadError):
        statuses["no answer"] += 1
    else:
        statuses[str(answer.status)] += 1


async def request_again_and_again(visitor: Visitor, path: str, statuses: Counter[str]) -> None:
    """Request a path until cancelled."""
    while True:
        await request(visitor, path, statuses)


async def run(options: argparse.Namespace) -> Counter[str]:
    """Run all connections until the input is closed, and return the responses by status."""
    statuses: Counter[str] = Counter()
    tasks = []
    for _ in range(options.count):
        visitor = Visitor(options.url)
        visitor.address = options.address or visitor.address
        visitor.cookies = dict(cookie.split("=", 1) for cookie in options.cookie)
        act = request_again_and_again if options.loop else request
        tasks.append(asyncio.create_task(act(visitor, options.path, statuses)))
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return statuses


@contextlib.asynccontextmanager
async def greedy(
    browser: Visitor, path: str, count: int, *, loop: bool = False
) -> AsyncIterator[Counter[str]]:
    """Let many connections of a browser request a path while the block runs.

    Yields:
        The responses by status. They are counted at the end of the block.
    """
    command = [sys.executable, "-m", __name__, browser.url.geturl(), path, str(count)]
    command += ["--address", browser.address, *(["--loop"] if loop else [])]
    for name, value in browser.cookies.items():
        command += ["--cookie", f"{name}={value}"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=Path(__file__).parents[1],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    statuses: Counter[str] = Counter()
    try:
        yield statuses
    finally:
        output, _ = await process.communicate()
        statuses.update(json.loads(output))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("path")
    parser.add_argument("count", type=int)
    parser.add_argument("--loop", action="store_true")
    parser.add_argument("--address")
    parser.add_argument("--cookie", action="append", default=[])
    print(json.dumps(asyncio.run(run(parser.parse_args()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
