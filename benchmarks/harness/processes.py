"""Resources of a process and its children, read from /proc on Linux."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return the ids of a process and its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # the process has ended
                found += [int(child) for child in task.read_text().split()]
    return found


def cpu_ms(pid: int) -> float:
    """Return the CPU milliseconds, user and system, of the processes that are running."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total * 1000 / TICKS


def threads(pid: int) -> int:
    """Return the number of threads of the processes that are running."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            total += len(list(Path(f"/proc/{each}/task").iterdir()))
    return total


def memory_kb(pid: int) -> float:
    """Return the proportional set size in kilobytes: private pages and a share of shared pages."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total
