"""Benchmark of the CPU time for an event of Claude, from the socket to the text.

    python benchmarks/events.py --before DIR [--events 20000] [--runs 5] [--short]

A process reads an answer of the stand-in, which is another process. The answer is written once as
fast as it is read, with many events per chunk, and once event by event. `--before` is a checkout of
another commit, which is measured in the same run, alternating with this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness import figures

from sitechat.standin import Answer, StandinProcess

ROOT = Path(__file__).resolve().parent.parent
READER = Path(__file__).with_name("event_reader.py")
WORD = "word "
PACE = 0.002
"""Seconds between two events that are sent one by one."""


def measured(source: Path, url: str, events: int) -> float:
    """Return the CPU microseconds per event with the code of a checkout."""
    output = subprocess.check_output(
        [sys.executable, str(READER), str(events)],
        env={
            **os.environ,
            "PYTHONPATH": str(source.resolve() / "src"),
            "ANTHROPIC_BASE_URL": url,
        },
    )
    return float(output)


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of another commit")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    events, runs = (2_000, 2) if options.short else (options.events, options.runs)
    sources = {"now": ROOT, **({"before": options.before} if options.before else {})}
    paces = {"many events a chunk": (events, 0.0), "one event a chunk": (events // 10, PACE)}
    with StandinProcess() as standin:
        for pace, (count, delay) in paces.items():
            standin.always(Answer(WORD * count, delay=delay, first_delay=0.0))
            found: dict[str, list[float]] = {name: [] for name in sources}
            for _run in range(runs):
                for name, source in sources.items():
                    found[name].append(measured(source, standin.url, count))
            for name, values in found.items():
                print(f"{pace}, {name}: {figures.shown(figures.spread(values))} µs an event")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
