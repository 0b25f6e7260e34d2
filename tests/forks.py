"""Python processes that start fast, because they are forked after the slow imports.

Importing Claude's SDK and Django takes seconds of CPU time, which every server and command of the
tests would need again. The processes are as separate as others: each has its own environment,
session and copy of our modules, and ends independently. `tests.fork_server` is the process that
they are forked from.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
MODULES = frozenset({"django", "gunicorn", "uvicorn"})
"""The modules that run in forked processes. Others start processes of their own."""

COVERED = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
"""Variables of processes whose lines are counted, which needs new processes."""


class Process:
    """A forked process, with the methods of `subprocess.Popen`."""

    def __init__(self, status: socket.socket) -> None:
        self._status = status
        self.pid = int(status.recv(100))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None if the process runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            # The message stays in the socket, because several threads may wait for it.
            text = self._status.recv(100, socket.MSG_PEEK)
            self.returncode = int(text or -signal.SIGKILL)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process and return its exit code.

        Raises:
            TimeoutExpired: The process still runs.
        """
        select.select([self._status], [], [], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@functools.cache
def _fork_server() -> socket.socket:
    """Start the process that forks the others, and return the connection to it."""
    ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.fork_server", str(other.fileno())]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, pass_fds=[other.fileno()])
    other.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def can_fork(command: Sequence[str]) -> bool:
    """Return whether a command is a Python module that may run in a forked process."""
    return (
        sys.platform == "linux"
        and list(command[:2]) == [sys.executable, "-m"]
        and command[2] in MODULES
        and "gevent" not in command  # it patches modules before others import them
        and not any(name in os.environ for name in COVERED)
    )


def start(
    command: Sequence[str],
    environ: Mapping[str, str],
    output: IO[str],
    errors: IO[str],
    folder: Path = ROOT,
    *,
    forked: bool = True,
) -> Process | subprocess.Popen[bytes]:
    """Start a command in a session of its own.

    It runs in a forked process if that is possible and not forbidden by `forked`.
    """
    if not (forked and can_fork(command)):
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    ours, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = {"arguments": command[2:], "environ": dict(environ), "folder": str(folder)}
    files = [status.fileno(), output.fileno(), errors.fileno()]
    socket.send_fds(_fork_server(), [json.dumps(request).encode()], files)
    status.close()
    return Process(ours)


def run(
    command: Sequence[str], environ: Mapping[str, str], folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, like `subprocess.run`, and return its exit code and output."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        code = start(command, environ, output, errors, folder).wait()
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read())
    return subprocess.CompletedProcess(list(command), code, *texts)


def run_django(*arguments: str, environ: Mapping[str, str]) -> str:
    """Run a command of Django, which must succeed, and return its output."""
    done = run([sys.executable, "-m", "django", *arguments], environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
