"""Rewrite the lock files in `requirements/` from pyproject.toml, with the newest releases.

    make lock

Each lock file applies to every supported Python and platform. `docs.txt` and `release.txt` are for
tools that only build and check. They apply to Python 3.12 and newer.
"""

from __future__ import annotations

import os
import subprocess
import sys

from environment import ROOT, find_pythons, find_uv

EXTRAS = ("--extra", "embeddings", "--extra", "files", "--extra", "html")
LOCKS = {
    "newest.txt": ("pyproject.toml", *EXTRAS, "--group", "dev"),
    "oldest.txt": ("pyproject.toml", "requirements/oldest.in", *EXTRAS, "--group", "test"),
    "demo.txt": ("pyproject.toml", "--group", "demo"),
    "mariadb.txt": ("--group", "mariadb"),
    "docs.txt": ("--group", "docs"),
    "release.txt": ("--group", "release"),
}
FROM_3_12 = ("docs.txt", "release.txt")


def main() -> int:
    uv = find_uv(find_pythons())
    for name, sources in LOCKS.items():
        python = "3.12" if name in FROM_3_12 else "3.10"
        command = [
            *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", python),
            *("--generate-hashes", "--no-annotate", "--upgrade", "--no-emit-index-url"),
            *("--custom-compile-command", "make lock"),
            *("--output-file", f"requirements/{name}", *sources),
        ]
        environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
