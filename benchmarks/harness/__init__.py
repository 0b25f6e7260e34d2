"""What the benchmarks share: peers as processes, visitors as sockets, and figures."""

import sys
from pathlib import Path

# The checkout is measured, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
