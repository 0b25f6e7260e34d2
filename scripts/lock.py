"""Write the locks in `requirements/` anew from pyproject.toml, with the newest releases.

    make lock

Each lock is universal: one file for every supported Python and platform.
"""

from __future__ import annotations

import os
import subprocess
import sys

from environment import ROOT, find_pythons, find_uv

EXTRAS = ("--extra", "files", "--extra", "html")
LOCKS = {
    "newest.txt": ("pyproject.toml", *EXTRAS, "--group", "dev"),
    "oldest.txt": ("pyproject.toml", "requirements/oldest.in", *EXTRAS, "--group", "test"),
    "demo.txt": ("pyproject.toml", "--group", "demo"),
    "mariadb.txt": ("--group", "mariadb"),
}


def main() -> int:
    uv = find_uv(find_pythons())
    for name, sources in LOCKS.items():
        command = [
            *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.10"),
            *("--generate-hashes", "--no-annotate", "--upgrade", "--no-emit-index-url"),
            *("--custom-compile-command", "make lock"),
            *("--output-file", f"requirements/{name}", *sources),
        ]
        environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
