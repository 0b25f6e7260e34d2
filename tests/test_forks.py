"""Tests that a forked process is like one that was started."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests import forks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no process is forked here")

DJANGO = [sys.executable, "-m", "django"]
TELL = """
import os, sys
print([sys.argv[0] != "", os.environ.get("GREETING"), "HOME" in os.environ, sys.path[:2]])
print(os.getcwd(), os.getsid(0) == os.getpid(), "sitechat" in sys.modules, sys.stdin.read())
"""


def test_it_has_its_own_environment_folder_session_and_modules(tmp_path: Path) -> None:
    environ = {
        "GREETING": "hello",
        "PYTHONPATH": "/first",
        "DJANGO_SETTINGS_MODULE": "site_of_test",
    }
    (tmp_path / "site_of_test.py").write_text("SECRET_KEY = 'x'\n")
    done = forks.run([*DJANGO, "shell", "-v0", "-c", TELL], environ, tmp_path)
    assert done.stdout.splitlines() == [
        str([True, "hello", False, [str(tmp_path), "/first"]]),
        f"{tmp_path} True False ",
    ]
    assert done.returncode == 0


def test_its_errors_and_exit_code_are_known() -> None:
    done = forks.run([*DJANGO, "no-such-command"], os.environ)
    assert done.returncode == 1
    assert "no-such-command" in done.stderr
    assert done.stdout == ""


def test_it_can_be_killed(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        process = forks.start([*DJANGO, "shell", "-c", "input()"], os.environ, log, log)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
