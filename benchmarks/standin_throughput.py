"""Benchmark of the events per second of the stand-in.

    python benchmarks/standin_throughput.py [--streams 20] [--events 20000] [--delay 0]

It starts the stand-in as a process and reads several answers at the same time over raw sockets
without parsing them, so that the client is not the bottleneck. With `--delay`, each stream gets a
delta after each delay, as from a real model, and the expected figure is `streams / delay`. The CPU
time is that of the stand-in only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from sitechat.standin import Answer, StandinProcess

MODEL = "claude-opus-4-7"
MAX_EVENTS = 78_000
"""Maximum number of deltas of five bytes in the model's 128,000 output tokens."""


async def read_answer(url: str) -> int:
    """Request an answer and return the number of its events."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps(
        {
            "model": MODEL,
            "max_tokens": 128_000,
            "stream": True,
            "messages": [{"role": "user", "content": "Write on and on."}],
        }
    ).encode()
    writer.write(
        b"POST /v1/messages HTTP/1.1\r\nHost: standin\r\nConnection: close\r\n"
        b"Authorization: Bearer any\r\nanthropic-version: 2026-10-21\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    events, rest = 0, b""
    while data := await reader.read(1 << 18):
        data = rest + data
        events += data.count(b"event: ")
        rest = data[-6:]  # shorter than "event: ", so nothing is counted twice
    writer.close()
    return events


async def read_all(url: str, streams: int) -> int:
    return sum(await asyncio.gather(*(read_answer(url) for _ in range(streams))))


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU time of a process on Linux, else None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--events", type=int, default=20_000, help="text deltas per stream")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between two deltas")
    options = parser.parse_args()
    if not 0 < options.events <= MAX_EVENTS:
        parser.error(f"--events must be from 1 to {MAX_EVENTS}, the longest answer of Claude")
    with StandinProcess(delay=options.delay) as standin:
        standin.always(Answer([" word"] * options.events))
        before = cpu_seconds(standin.pid)
        start = time.perf_counter()
        events = asyncio.run(read_all(standin.url, options.streams))
        seconds = time.perf_counter() - start
        after = cpu_seconds(standin.pid)
    expected = options.streams * (options.events + 6)
    assert events == expected, f"{events} events came, {expected} were expected"
    print(f"{events} events in {seconds:.2f} s: {events / seconds:,.0f} events/s")
    if before is not None and after is not None:
        print(f"CPU of the stand-in: {(after - before) / events * 1e6:.1f} us/event")


if __name__ == "__main__":
    main()
