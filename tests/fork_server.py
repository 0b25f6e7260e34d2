"""The process that others are forked from; see `tests.forks`.

It reads requests from a socket. A request names a Python module to run, and contains three open
files: for the process id and exit code, for the output and for the errors.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

PRELOADED = (
    "anthropic",
    "asgiref.sync",
    "django.contrib.admin.sites",
    "django.core.handlers.wsgi",
    "django.core.management.commands.migrate",
    "django.core.servers.basehttp",
    "django.db.backends.sqlite3.base",
    "django.db.models",
    "django.forms",
    "django.template.defaulttags",
    "django.template.loader_tags",
    "django.views.generic",
)
"""Modules that need no settings.

Our package is not preloaded, because a process may use another version of it. Servers and
`django.core.asgi` are not preloaded, because our package recognizes by them how it is served.
"""

MAX_REQUEST = 200_000
SYSTEM_PATHS = tuple(sys.path[1:])
"""The folders of modules without the working directory and PYTHONPATH, which is not set."""


def serve(control: socket.socket) -> Callable[[], Any] | None:
    """Fork a process for each request until the connection ends.

    Return twice, like `os.fork`: in each new process the function that runs its module, and in
    this process None at the end.
    """
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    while True:
        ready = select.select([control, woken], [], [])[0]
        if woken in ready:
            woken.recv(1000)
            report_ends(running)
        if control not in ready:
            continue
        text, files, _flags, _address = socket.recv_fds(control, MAX_REQUEST, 3)
        if not text:
            return None
        status, output, errors = files
        reports = socket.socket(fileno=status)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for connection in (control, woken, wakes, reports, *running.values()):
                connection.close()
            return lambda: become(json.loads(text), output, errors)
        reports.send(str(pid).encode())
        running[pid] = reports
        os.close(output)
        os.close(errors)


def report_ends(running: dict[int, socket.socket]) -> None:
    """Send the exit codes of the processes that have ended."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with running.pop(pid) as reports:
            reports.send(str(os.waitstatus_to_exitcode(status)).encode())


def become(request: dict[str, Any], output: int, errors: int) -> None:
    """Run a request's module as `python -m` does, in this process."""
    os.setsid()
    for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), output, errors)):
        os.dup2(file, number)
        os.close(file)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [request["folder"], *paths, *SYSTEM_PATHS]
    importlib.invalidate_caches()
    module = request["arguments"][0]
    sys.argv[:] = request["arguments"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a process with threads must not fork"
    run = serve(socket.socket(fileno=int(sys.argv[1])))
    if run is not None:
        run()


if __name__ == "__main__":
    main()
