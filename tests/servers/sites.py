"""Sites served by real servers, each in a separate process."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests import forks
from tests.waiting import until

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
START_WITHIN = 60.0


@dataclass(frozen=True)
class Server:
    """A server, and the command that starts it on a port."""

    name: str
    family: str
    """The name in the documentation's table of guarantees."""
    package: str
    command: Callable[[int], list[str]]
    asgi: bool = False
    threads: int | None = None
    """Maximum number of concurrent requests, if it is fixed."""
    respawns: bool = False
    """Whether a killed worker is replaced."""
    environ: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.package) is not None

    def __str__(self) -> str:
        return self.name


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def gunicorn(port: int, kind: str, *more: str) -> list[str]:
    application = "tests.servers.asgi" if kind == "asgi" else "tests.servers.wsgi"
    options = ["-w", "1", "--graceful-timeout", "6", "--no-control-socket", *more]
    return python("gunicorn", "-b", f"127.0.0.1:{port}", "-k", kind, *options, application)


def granian(port: int, interface: str, *more: str) -> list[str]:
    application = f"tests.servers.{interface[:4]}:application"
    options = ["--host", "127.0.0.1", "--port", str(port), "--interface", interface]
    return python("granian", *options, *more, application)


def uwsgi(port: int, *more: str) -> list[str]:
    options = ["--master", "--die-on-term", "--module", "tests.servers.wsgi:application"]
    address = f"127.0.0.1:{port}"
    return [str(BIN / "pyuwsgi"), "--http-socket", address, *options, *more]


GUNICORN_SYNC = Server(
    "gunicorn sync",
    "gunicorn sync",
    "gunicorn",
    lambda port: gunicorn(port, "sync"),
    threads=1,
    respawns=True,
)
GUNICORN_GTHREAD = Server(
    "gunicorn gthread",
    "gunicorn gthread",
    "gunicorn",
    lambda port: gunicorn(port, "gthread", "--threads", "8"),
    threads=8,
    respawns=True,
)
GUNICORN_ASGI = Server(
    "gunicorn ASGI",
    "gunicorn ASGI",
    "gunicorn",
    lambda port: gunicorn(port, "asgi"),
    asgi=True,
    respawns=True,
)
UVICORN = Server(
    "uvicorn",
    "uvicorn",
    "uvicorn",
    lambda port: python(
        "uvicorn", "--port", str(port), "--log-level", "info", "tests.servers.asgi:application"
    ),
    asgi=True,
)
GRANIAN_WSGI = Server(
    "granian WSGI",
    "granian WSGI",
    "granian",
    lambda port: granian(port, "wsgi", "--blocking-threads", "8"),
    threads=8,
)
GRANIAN_ASGI = Server(
    "granian ASGI", "granian ASGI", "granian", lambda port: granian(port, "asginl"), asgi=True
)
DAPHNE = Server(
    "daphne",
    "daphne",
    "daphne",
    lambda port: python("daphne", "-p", str(port), "tests.servers.asgi:application"),
    asgi=True,
)
HYPERCORN = Server(
    "hypercorn",
    "hypercorn",
    "hypercorn",
    lambda port: python("hypercorn", "-b", f"127.0.0.1:{port}", "tests.servers.asgi:application"),
    asgi=True,
)
UWSGI = Server(
    "uWSGI",
    "uWSGI",
    "pyuwsgi",
    lambda port: uwsgi(port, "--threads", "8"),
    threads=8,
    respawns=True,
)
RUNSERVER = Server(
    "runserver",
    "runserver",
    "django",
    lambda port: [
        sys.executable,
        "tests/servers/manage.py",
        "runserver",
        "--noreload",
        "--nostatic",
        str(port),
    ],
)

ALL_SERVERS = (
    GUNICORN_SYNC,
    GUNICORN_GTHREAD,
    GUNICORN_ASGI,
    UVICORN,
    GRANIAN_WSGI,
    GRANIAN_ASGI,
    DAPHNE,
    HYPERCORN,
    UWSGI,
    RUNSERVER,
)


# With the oldest Django, one server of each kind is enough.
SERVERS = ALL_SERVERS if django.VERSION >= (5,) else (GUNICORN_GTHREAD, UVICORN)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Site:
    """A server process that serves the test site."""

    def __init__(self, server: Server, environ: Mapping[str, str], log: Path) -> None:
        self.server = server
        self.port = free_port()
        self.log = log
        self.variables = environ
        self._environ = {**os.environ, **environ, **server.environ}
        self._environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        self._environ["DJANGO_SETTINGS_MODULE"] = "tests.servers.settings"
        self._environ["PYTHONUNBUFFERED"] = "1"
        self.forked = True
        """Whether it may have Claude's SDK and Django imported at its start."""

    def set_environ(self, **variables: str) -> None:
        """Set variables of the process's environment, before it starts."""
        self._environ.update(variables)

    def start(self) -> Self:
        self.launch()
        self.wait_until_up()
        return self

    def launch(self) -> None:
        with self.log.open("a") as log:
            self.process = forks.start(
                self.server.command(self.port), self._environ, log, log, forked=self.forked
            )

    def wait_until_up(self) -> None:
        try:
            until(self._is_up, START_WITHIN, every=0.01, failure="It did not listen in time.")
        except AssertionError as error:
            self.kill()
            log = self.log.read_text()[-4000:]
            raise RuntimeError(f"{self.server} did not start. {error}\n{log}") from None

    def _is_up(self) -> bool:
        assert self.process.poll() is None, "It ended."
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1),
        ):
            return True
        return False

    def terminate(self) -> None:
        """Ask the server to stop, as systemd and Docker do."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float) -> float:
        """Wait for the end of the process and return the seconds that it took."""
        started = time.monotonic()
        self.process.wait(timeout)
        return time.monotonic() - started

    def kill(self) -> None:
        """Kill the server and its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
