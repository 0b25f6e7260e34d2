"""Make one of the project's virtual environments and print the path of its Python.

    python3 scripts/environment.py newest

Needs nothing but Python: it looks for the Pythons of this machine (on the PATH and in pyenv's
folder), gets uv from the package index where there is none, and installs what the lock in
`requirements/` says. Where the environment is up to date already it does nothing.
What it has to say goes to standard error.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv-tools"
WINDOWS = os.name == "nt"
OLDEST, NEWEST = (3, 10), (3, 13)
"""The Pythons that the project is tested on."""

UNTRIED = tuple((3, minor) for minor in range(NEWEST[1] + 1, NEWEST[1] + 4))
"""Newer ones, where a machine has nothing else."""


class Environment(NamedTuple):
    folder: str
    lock: str
    pythons: tuple[tuple[int, int], ...]
    """Versions, the best one first."""
    wanted: str
    """The first half of the message when the best is missing."""
    mariadb: bool = False


DESCENDING = (*((3, minor) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)), *UNTRIED)
ENVIRONMENTS = {
    "newest": Environment(
        ".venv", "newest.txt", DESCENDING, "The newest Django needs Python 3.12+", mariadb=True
    ),
    "lts": Environment(
        ".venv-lts", "newest.txt", ((3, 11), (3, 10)), "Django 5.2 is tested on Python 3.11 or 3.10"
    ),
    "oldest": Environment(
        ".venv-oldest",
        "oldest.txt",
        ((3, 10), (3, 11), (3, 12)),
        "Django 4.2 is tested on Python 3.10 to 3.12",
        mariadb=True,
    ),
    "demo": Environment(".venv-demo", "demo.txt", DESCENDING, "The demo needs Python 3.10+"),
}


class Unavailable(Exception):
    """This machine can't have the environment; the text says why and what would help."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def find_pythons() -> dict[tuple[int, int], str]:
    """This machine's Pythons from 3.10 on, by version."""
    names = ["python3", *(f"python3.{minor}" for _, minor in DESCENDING)]
    candidates = [sys.executable, *filter(None, map(shutil.which, names))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(map(str, pyenv.glob("3.*/bin/python3")), reverse=True)
    pythons: dict[tuple[int, int], str] = {}
    for candidate in candidates:
        answer = subprocess.run(
            [candidate, "-c", "import sys; print(*sys.version_info[:2], sys.executable)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode == 0:  # a pyenv shim of a version that is not switched on fails
            major, minor, path = answer.stdout.strip().split(" ", 2)
            if (int(major), int(minor)) in DESCENDING:
                pythons.setdefault((int(major), int(minor)), path)
    return pythons


def run(*command: str) -> bool:
    """Run the command with its output on standard error; whether it succeeded."""
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(command, env=environ, stdout=sys.stderr, check=False).returncode == 0


def find_uv(pythons: dict[tuple[int, int], str]) -> str:
    """The path of uv: this machine's, or one that is installed into the project's folder."""
    if found := shutil.which("uv"):
        return found
    in_venv = TOOLS / ("Scripts/uv.exe" if WINDOWS else "bin/uv")
    in_folder = TOOLS / "lib" / "bin" / in_venv.name
    for uv in (in_venv, in_folder):
        if uv.exists():
            return str(uv)
    say("Installing uv into .venv-tools ...")
    for python in pythons.values():
        if subprocess.run(
            [python, "-c", "import ensurepip"], capture_output=True, check=False
        ).returncode == 0 and run(python, "-m", "venv", str(TOOLS)):
            pip = TOOLS / ("Scripts/python.exe" if WINDOWS else "bin/python")
            if run(str(pip), "-m", "pip", "install", "-q", "uv>=0.9"):
                return str(in_venv)
    for python in pythons.values():
        if run(python, "-m", "pip", "install", "-q", "--target", str(TOOLS / "lib"), "uv>=0.9"):
            return str(in_folder)
    raise Unavailable(
        "uv could not be installed: no Python here has pip or venv, or the package index could "
        "not be reached. On Debian or Ubuntu: sudo apt-get install python3-venv. Or install uv."
    )


def create(name: str) -> Path:
    """Make or update the environment; its Python."""
    environment = ENVIRONMENTS[name]
    folder = ROOT / environment.folder
    pythons = find_pythons()
    version = next((v for v in environment.pythons if v in pythons), None)
    if version is None:
        there = ", ".join(f"{a}.{b}" for a, b in sorted(pythons)) or "no Python 3.10 or later"
        raise Unavailable(f"{environment.wanted}; this machine has {there}.")
    if name == "newest" and version < (3, 12):
        say(f"{environment.wanted}: with Python {version[0]}.{version[1]} it is Django 5.2.")
    python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")
    lock = ROOT / "requirements" / environment.lock
    inputs = [lock, ROOT / "requirements" / "mariadb.txt", ROOT / "pyproject.toml"]
    state = hashlib.sha256(
        b"\0".join([pythons[version].encode(), *(path.read_bytes() for path in inputs)])
    ).hexdigest()
    stamp = folder / "state"
    if python.exists() and stamp.exists() and stamp.read_text() == state:
        return python

    uv = find_uv(pythons)
    say(f"Making {environment.folder} with Python {version[0]}.{version[1]} ...")
    # The tests start many processes: none of them should compile what it imports.
    target = ("--quiet", "--compile-bytecode", "--python", str(python))
    if not (
        run(uv, "venv", "--quiet", "--clear", "--python", pythons[version], str(folder))
        and run(uv, "pip", "sync", *target, str(lock))
        and run(uv, "pip", "install", *target, "--no-deps", "--editable", str(ROOT))
    ):
        raise Unavailable(f"{environment.folder} could not be made: the lines above say why.")
    if environment.mariadb:
        mariadb = str(ROOT / "requirements" / "mariadb.txt")
        if not run(uv, "pip", "install", *target, "--requirements", mariadb):
            say(
                "mysqlclient could not be built, so nothing is tested on MariaDB. It needs, on "
                "Debian: libmariadb-dev pkg-config gcc python3-dev; with Homebrew: "
                "mariadb-connector-c pkgconf."
            )
    stamp.write_text(state)
    return python


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in ENVIRONMENTS:
        say(f"usage: environment.py {{{','.join(ENVIRONMENTS)}}}")
        return 2
    try:
        print(create(sys.argv[1]))
    except Unavailable as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
