"""Run the test suite on the newest and the oldest supported Django.

    make test

What a machine lacks is left out, and said so; with CI set it is a failure instead.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from environment import ROOT, Unavailable, create, say

SERVERS = {
    "postgresql": ("PostgreSQL", os.environ.get("PGHOST", "127.0.0.1"), 5432),
    "mariadb": ("MariaDB", "127.0.0.1", 3306),
}
NO_TESTS = 5
PARALLEL = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
"""Files side by side: many tests of servers wait most of their time."""
BROWSER_ON_OLDEST = "tests/browser/test_nothing_is_lost.py"
"""The widget is the same file on every Django: the rest of it is tried on the newest."""


def pytest(python: Path, *arguments: str, database: str = "sqlite") -> bool:
    """Run pytest; whether nothing failed. A selection that holds no test has not failed."""
    environ = {**os.environ, "SITECHAT_TEST_DB": database}
    code = subprocess.run(
        [str(python), "-m", "pytest", *PARALLEL, *arguments], cwd=ROOT, env=environ, check=False
    ).returncode
    return code in (0, NO_TESTS if arguments else 0)


def has_driver(python: Path, database: str) -> bool:
    module = {"postgresql": "psycopg", "mariadb": "MySQLdb"}[database]
    command = [str(python), "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def is_listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def main() -> int:
    arguments = sys.argv[1:]
    missing: list[str] = []
    passed: list[bool] = []
    # The newest comes last, so that the last summary is that of everything.
    for name in ("oldest", "newest"):
        try:
            python = create(name)
        except Unavailable as error:
            missing.append(str(error))
            continue
        for database, (label, host, port) in SERVERS.items():
            if not has_driver(python, database):
                missing.append(f"{label}: its driver is not in the {name} environment.")
            elif not is_listening(host, port):
                missing.append(f"{label}: nothing listens on {host}:{port}.")
            else:
                say(f"\n== {name} Django, the tests marked `database`, on {label}")
                passed.append(pytest(python, "-m", "database", *arguments, database=database))
        for line in missing:
            say(f"Not tested: {line}")
        if name == "oldest" and not arguments:
            say("\n== oldest Django, a browser's way through answers, on SQLite")
            passed.append(pytest(python, BROWSER_ON_OLDEST))
            say("\n== oldest Django, all other tests, on SQLite")
            passed.append(pytest(python, "--ignore=tests/browser"))
        else:
            say(f"\n== {name} Django, all tests, on SQLite")
            passed.append(pytest(python, *arguments))
    failed = not all(passed) or not passed or (missing and "CI" in os.environ)
    if missing:
        say("\n".join(["", *(f"Not tested: {line}" for line in dict.fromkeys(missing))]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
