"""Files that are prepared once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forks import run_django

ROOT = Path(__file__).resolve().parent.parent


def prepared(factory: pytest.TempPathFactory, name: str, prepare: Callable[[Path], object]) -> Path:
    """Return a folder that the first process that needs it fills with `prepare`."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, ready = shared / name, shared / f"{name}.ready"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            folder.mkdir()
            prepare(folder)
            ready.touch()
    return folder


def environ_with(settings: str, **variables: str) -> dict[str, str]:
    """Return the environment of processes of a site with these settings."""
    paths = [str(ROOT / "src"), str(ROOT)]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "DJANGO_SETTINGS_MODULE": settings,
        **variables,
    }


def migrated_sqlite(factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file with the tables of `tests.settings`, to be copied."""

    def migrate(folder: Path) -> None:
        name = str(folder / "site.sqlite3")
        database = {"SITECHAT_TEST_DB": "sqlite", "SITECHAT_TEST_DB_NAME": name}
        run_django("migrate", "-v0", environ=environ_with("tests.servers.settings", **database))

    return prepared(factory, "migrated", migrate) / "site.sqlite3"
