"""Combine the data of all measured processes, and report the coverage.

    make coverage

Each process writes a file of its own. A process that is killed while it writes leaves a file that
SQLite can't read. Such files are deleted and named before the others are combined.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from environment import ROOT, say


def is_readable(path: Path) -> bool:
    """Return whether the data file of a process is whole."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            [answer] = connection.execute("PRAGMA integrity_check").fetchone()
            connection.execute("SELECT * FROM meta").fetchone()
    except sqlite3.Error:
        return False
    return bool(answer == "ok")


def remove_broken(folder: Path) -> list[Path]:
    """Delete the data files that can't be read, and return their paths."""
    broken = [path for path in sorted(folder.glob(".coverage.*")) if not is_readable(path)]
    for path in broken:
        path.unlink()
    return broken


def main() -> int:
    for path in remove_broken(ROOT):
        say(f"Left out: {path.name}. Its process was killed while it wrote its data.")
    coverage = [sys.executable, "-m", "coverage"]
    combined = subprocess.run([*coverage, "combine", "-q"], cwd=ROOT, check=False).returncode
    return combined or subprocess.run([*coverage, "report"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
