"""Common code of the benchmarks: peers as processes, visitors as sockets, and figures."""

import sys
from pathlib import Path

# Measure this checkout even if another version is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
