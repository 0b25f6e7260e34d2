"""Create or update one of the project's virtual environments and print its Python's path.

    python3 scripts/environment.py newest

The script needs only Python. It looks for Pythons on the PATH and in pyenv's folder, installs uv
from the package index if it is missing, and installs the versions locked in `requirements/`. If
the environment is up to date, it does nothing. Messages go to standard error.
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
"""The oldest and newest Python that the project is tested on."""

UNTRIED = tuple((3, minor) for minor in range(NEWEST[1] + 1, NEWEST[1] + 4))
"""Newer Pythons, used only if the machine has no tested one."""


class Environment(NamedTuple):
    folder: str
    lock: str
    pythons: tuple[tuple[int, int], ...]
    """Suitable Python versions, the preferred one first."""
    wanted: str
    """The start of the message if the preferred version is missing."""
    mariadb: bool = False
    package: bool = True
    """Whether the project itself is installed, too."""


DESCENDING = (*((3, minor) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)), *UNTRIED)
FROM_3_12 = tuple(version for version in DESCENDING if version >= (3, 12))
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
    "docs": Environment(
        ".venv-docs",
        "docs.txt",
        FROM_3_12,
        "Building the documentation needs Python 3.12+",
        package=False,
    ),
    "release": Environment(
        ".venv-release",
        "release.txt",
        FROM_3_12,
        "Checking a release needs Python 3.12+",
        package=False,
    ),
}


class Unavailable(Exception):
    """The environment can't be created on this machine. The message says why and what to do."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def find_pythons() -> dict[tuple[int, int], str]:
    """Return the paths of this machine's Pythons from 3.10 on, by version."""
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
        if answer.returncode == 0:  # pyenv shims of inactive versions fail
            major, minor, path = answer.stdout.strip().split(" ", 2)
            if (int(major), int(minor)) in DESCENDING:
                pythons.setdefault((int(major), int(minor)), path)
    return pythons


def run(*command: str) -> bool:
    """Run a command with its output on standard error and return whether it succeeded."""
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(command, env=environ, stdout=sys.stderr, check=False).returncode == 0


def find_uv(pythons: dict[tuple[int, int], str]) -> str:
    """Return the path of uv, which is installed into the project's folder if it is missing."""
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
        "uv could not be installed: no Python on this machine has pip or venv, or the package "
        "index is not reachable. On Debian or Ubuntu, run: sudo apt-get install python3-venv. "
        "Or install uv."
    )


def create(name: str) -> Path:
    """Create or update an environment and return the path of its Python."""
    environment = ENVIRONMENTS[name]
    folder = ROOT / environment.folder
    pythons = find_pythons()
    version = next((v for v in environment.pythons if v in pythons), None)
    if version is None:
        available = ", ".join(f"{a}.{b}" for a, b in sorted(pythons)) or "no Python 3.10 or later"
        raise Unavailable(f"{environment.wanted}; this machine has {available}.")
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
    say(f"Creating {environment.folder} with Python {version[0]}.{version[1]} ...")
    # The tests start many processes, which should not have to compile their imports.
    target = ("--quiet", "--compile-bytecode", "--python", str(python))
    if not (
        run(uv, "venv", "--quiet", "--clear", "--python", pythons[version], str(folder))
        and run(uv, "pip", "sync", *target, str(lock))
        and (
            not environment.package
            or run(uv, "pip", "install", *target, "--no-deps", "--editable", str(ROOT))
        )
    ):
        raise Unavailable(f"{environment.folder} could not be created: see the error above.")
    if environment.mariadb:
        mariadb = str(ROOT / "requirements" / "mariadb.txt")
        if not run(uv, "pip", "install", *target, "--requirements", mariadb):
            say(
                "mysqlclient could not be built, so the tests on MariaDB will be skipped. To build "
                "it, install on Debian: libmariadb-dev pkg-config gcc python3-dev; with Homebrew: "
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
