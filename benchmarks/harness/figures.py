"""Figures with their spread, printed and written as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from harness import peers

PACKAGES = ("Django", "anthropic", "aiohttp", "uvicorn", "uvloop", "gunicorn", "granian", "psycopg")


def percentile(values: Sequence[float], part: float) -> float:
    """Return the percentile of values for `part`, from 0 to 1; NaN if there are no values."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, minimum and maximum of repeated measurements."""
    return {
        "median": statistics.median(values),
        "least": min(values),
        "most": max(values),
    }


def shown(value: float | dict[str, float], show: str = "{:,.1f}") -> str:
    """Return a figure as text, with its spread if it has one."""
    if not isinstance(value, dict):
        return show.format(value).removesuffix(".0")
    median, least, most = (show.format(value[key]) for key in ("median", "least", "most"))
    return f"{median} ({least} to {most})"


def machine() -> dict[str, Any]:
    """Return a description of the machine and the software."""
    installed = {each.metadata["Name"]: each.version for each in distributions()}
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: installed[name] for name in PACKAGES if name in installed},
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
    }


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of all benchmarks."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--short", action="store_true", help="fewer repetitions and smaller numbers")
    made.add_argument(
        "--url",
        help="measure only this POST endpoint of another implementation, which you start with "
        "ANTHROPIC_BASE_URL at --standin-port",
    )
    made.add_argument("--pid", type=int, help="with --url: its process id, for CPU and memory")
    made.add_argument(
        "--standin-port", type=int, default=0, help="port of the stand-in; default: any free port"
    )
    made.add_argument(
        "--database", choices=("postgresql", "sqlite"), default=peers.default_vendor()
    )
    made.add_argument("--json", type=Path, help="also write the figures to this file")
    return made


def keep(options: argparse.Namespace, name: str, figures: Any) -> None:
    """Add the figures of a benchmark to the file of --json."""
    if options.json is None:
        return
    known = json.loads(options.json.read_text()) if options.json.exists() else {}
    known[name] = {"machine": machine(), "figures": figures}
    options.json.write_text(json.dumps(known, indent=1) + "\n")


def table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns. The first row is the heading."""
    texts = [[cell if isinstance(cell, str) else f"{cell:,.1f}" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        first, *others = row
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]), flush=True)
