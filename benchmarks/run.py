"""Run all benchmarks one after the other and store their figures.

    python benchmarks/run.py [--short] [--only first_token dollars] [--json benchmarks/results.json]

All other options are passed to each script, such as `--url http://127.0.0.1:8000/chat/`. A whole
run takes about 20 minutes, a short one a few minutes. `report.py` writes docs/performance.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SCRIPTS = (
    "first_token",
    "throughput",
    "concurrency",
    "readers",
    "few_threads",
    "turns",
    "dollars",
    "startup",
    "widget",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    options, others = parser.parse_known_args()
    failed = []
    for script in options.only:
        print(f"\n== {script}", flush=True)
        command = [sys.executable, str(FOLDER / f"{script}.py"), *others]
        if subprocess.run(command).returncode:
            failed.append(script)
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
