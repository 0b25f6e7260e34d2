"""Run the tests and print a summary line.

    make test            the tests without long ones, on the newest Django
    make test-all        the others too, on every Django and database
    make test-nightly    what takes minutes or measures time

Tests that need something that this machine does not have are skipped and listed. If CI is set,
they count as failures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from environment import ROOT, Unavailable, create, say

DATABASES = {
    "postgresql": ("PostgreSQL", "psycopg", os.environ.get("PGHOST", "127.0.0.1"), 5432),
    "mariadb": ("MariaDB", "MySQLdb", "127.0.0.1", 3306),
}
SHORT = "not long"
FAST = "not servers and not browser and not long"
EVERY_DJANGO = "not pure and not servers and not browser and not long"
SMOKE = "smoke and not long"
LONG = {
    "long tests of servers": ("-m", "long and servers"),
    "other long tests": ("-m", "long and not servers"),
}
"""The selections of long tests, by label."""

LEFT_TO_ALL = (
    "Django 5.2 and 4.2, PostgreSQL and MariaDB, the other servers and sites, and long series: "
    "make test-all."
)
LEFT_TO_NIGHT = (
    "Races of 200 rounds, times of the widget, some servers and languages: make test-nightly."
)
WORKERS = max(2, min(4, (os.cpu_count() or 1) + 2))
"""Two more than the processors, because tests of servers and browsers mostly wait."""

PARALLEL = ("-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder")
NO_TESTS = 5
START_WITHIN = 21 * 60
START_LARGE_WITHIN = 18 * 60
"""Seconds after which `make test-all` starts no further run, or no further large run.

It lists the runs that it leaves out. So it ends within half an hour on a slow machine too. The most
important runs come first.
"""

MAX_RUN_SECONDS = 25 * 60
"""Seconds after which a run of pytest is ended: it hangs if one of its processes crashed."""


class Results:
    """The results of all runs, including skipped tests."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.left_out: Counter[str] = Counter()
        self.missing: list[str] = []
        self.notes: list[str] = []

    def add(self, label: str, report: Path) -> None:
        """Add the results of a JUnit report of pytest."""
        for case in ET.parse(report).iter("testcase"):  # noqa: S314
            name = f"{case.get('classname', '').replace('.', '/')}::{case.get('name')}"
            outcome = "passed"
            for child in case:
                if child.tag == "skipped":
                    outcome = "skipped"
                    self.left_out[child.get("message", "")] += 1
                elif child.tag in ("failure", "error"):
                    outcome = "failed" if child.tag == "failure" else "errors"
                    self.failures.append(f"{name} ({label})")
            self.counts[outcome] += 1

    def add_missing(self, text: str) -> None:
        """Note something that this machine does not have."""
        if text not in self.missing:
            self.missing.append(text)

    def show(self) -> None:
        """Print the skipped tests, the failures and, as last line, the summary."""
        skipped = (f"{reason} ({count})" for reason, count in self.left_out.items())
        for title, lines in (
            ("Left out:", [*self.missing, *skipped, *self.notes]),
            ("Failed:", self.failures),
        ):
            if lines:
                print("\n".join(["", title, *(f"  {line}" for line in lines)]))
        seconds = int(time.monotonic() - self.started)
        shown = ("failed", "passed", "skipped", "errors")
        counts = ", ".join(f"{self.counts[o]} {o}" for o in shown if self.counts[o])
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        line = f" {counts or 'no tests ran'} in {seconds}s ({clock}) "
        print(f"\n{line:=^80}", flush=True)


class Runner:
    """A runner of pytest in the project's environments."""

    def __init__(self, results: Results, arguments: list[str]) -> None:
        self.results = results
        self.arguments = arguments

    def python(self, environment: str) -> Path | None:
        """Return the environment's Python; None, with a note, if it can't be created."""
        try:
            return create(environment)
        except Unavailable as error:
            self.results.add_missing(str(error))
            return None

    def tests(self, python: Path, label: str, *selection: str, database: str = "sqlite") -> None:
        """Run a selection of tests."""
        say(f"\n== {label}")
        environ = {**os.environ, "SITECHAT_TEST_DB": database}
        # Hundreds of processes are started: with bytecode each needs half a second less.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            command = [str(python), "-m", "pytest", "-q", f"--junitxml={report}"]
            command += [*PARALLEL, *selection, *self.arguments]
            try:
                code = subprocess.run(
                    command, cwd=ROOT, env=environ, check=False, timeout=MAX_RUN_SECONDS
                ).returncode
            except subprocess.TimeoutExpired:
                self.results.failures.append(f"not done within {MAX_RUN_SECONDS} s ({label})")
                return
            if report.exists():
                self.results.add(label, report)
        if code not in (0, 1) and not (code == NO_TESTS and self.arguments):
            self.results.failures.append(f"pytest ended with {code} ({label})")

    def has_time(self, label: str, within: float = START_WITHIN) -> bool:
        """Return whether a run may start, because less than `within` seconds have passed.

        If it may not, note that it was left out.
        """
        if time.monotonic() - self.results.started < within:
            return True
        self.results.notes.append(f"{label}: there was no time left on this machine.")
        return False

    def databases(
        self, python: Path, django: str, selection: str, names: Iterable[str] = DATABASES
    ) -> None:
        """Run the tests that depend on the database on each available database."""
        for database in names:
            label, module, host, port = DATABASES[database]
            if not _can_import(python, module):
                self.results.add_missing(f"{label} on {django}: {module} is not installed.")
            elif not _listens(host, port):
                self.results.add_missing(f"{label}: nothing listens on {host}:{port}.")
            else:
                self.tests(python, f"{django}, {label}", "-m", selection, database=database)

    def widget(self, *, long: bool) -> None:
        """Run the widget's own tests, which need Node.js."""
        npm = shutil.which("npm")
        if npm is None or not (ROOT / "widget" / "node_modules").exists():
            self.results.add_missing("The widget's own tests: npm ci in widget/.")
            return
        say("\n== the widget's own tests")
        environ = {**os.environ, "LONG": "1" if long else ""}
        command = [npm, "test", "--silent"]
        if subprocess.run(command, cwd=ROOT / "widget", env=environ, check=False).returncode:
            self.results.failures.append("npm test in widget/")


def _can_import(python: Path, module: str) -> bool:
    command = [str(python), "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def run_short(runner: Runner) -> None:
    """Run the tests without long ones on the newest Django."""
    python = runner.python("newest")
    if python is not None:
        runner.tests(python, "newest Django", "-m", SHORT)
    if not runner.arguments:
        runner.widget(long=False)
        runner.results.notes.append(LEFT_TO_ALL)


def run_all(runner: Runner) -> None:
    """Run all but nightly tests: those that depend on Django on each version, the others once.

    Django 5.2 lies between the other versions, so it runs only what depends on the database.
    """
    python = runner.python("newest")
    if python is not None:
        runner.tests(python, "newest Django", "-m", SHORT)
        runner.databases(python, "newest Django", "database")
    if not runner.arguments:
        runner.widget(long=True)
    oldest = runner.python("oldest")
    if oldest is not None and runner.has_time("oldest Django", START_LARGE_WITHIN):
        runner.tests(oldest, "oldest Django", "-m", f"({EVERY_DJANGO}) or ({SMOKE})")
    if python is not None:
        for label, selection in LONG.items():
            if runner.has_time(f"newest Django, {label}", START_LARGE_WITHIN):
                runner.tests(python, f"newest Django, {label}", *selection)
    lts = runner.python("lts")
    if lts is not None and runner.has_time("Django 5.2"):
        runner.tests(lts, "Django 5.2", "-m", f"database and {EVERY_DJANGO}")
    if oldest is not None and runner.has_time("oldest Django, PostgreSQL"):
        runner.databases(oldest, "oldest Django", f"database and {EVERY_DJANGO}", ["postgresql"])
    if not runner.arguments:
        runner.results.notes.append(LEFT_TO_NIGHT)


def run_nightly(runner: Runner) -> None:
    """Run the nightly tests on the newest Django, and on the others what `run_all` leaves out."""
    python = runner.python("newest")
    if python is not None:
        runner.tests(python, "newest Django", "-m", "nightly")
    python = runner.python("lts")
    if python is not None:
        runner.tests(python, "Django 5.2", "-m", f"not database and {EVERY_DJANGO}")
    python = runner.python("oldest")
    if python is not None:
        runner.databases(python, "oldest Django", f"database and {EVERY_DJANGO}", ["mariadb"])


RUNS: dict[str, Callable[[Runner], None]] = {
    "short": run_short,
    "all": run_all,
    "nightly": run_nightly,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, add_help=False, allow_abbrev=False)
    parser.add_argument("--all", dest="run", action="store_const", const="all", default="short")
    parser.add_argument("--nightly", dest="run", action="store_const", const="nightly")
    options, arguments = parser.parse_known_args()
    results = Results()
    RUNS[options.run](Runner(results, arguments))
    failed = bool(results.failures) or not results.counts["passed"]
    results.show()
    return 1 if failed or (results.missing and "CI" in os.environ) else 0


if __name__ == "__main__":
    sys.exit(main())
