"""The peers that benchmarks compare, each a separate process that answers POST /api/chat/."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from harness import processes
from sitechat.standin import StandinProcess

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN = 60.0


@dataclass(frozen=True)
class Peer:
    """A chat on a server."""

    name: str
    chat: str
    package: str
    command: Callable[[int, int], list[str]]
    """Returns the command for a port and the number of concurrent streams."""
    streams: int | None = None
    """Maximum number of concurrent streams; None if unlimited."""
    environ: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: Path | None = None
    """The checkout whose code is served; None for this one."""

    @property
    def installed(self) -> bool:
        if "BENCHMARK_POOL" in self.environ and importlib.util.find_spec("psycopg_pool") is None:
            return False
        return importlib.util.find_spec(self.package) is not None


def _gunicorn(port: int, *options: str) -> list[str]:
    bind = ["-b", f"127.0.0.1:{port}", "--no-control-socket", "--timeout", "600"]
    return ["gunicorn", *bind, *options, "served.wsgi"]


def _gthread(port: int, streams: int) -> list[str]:
    # Twice as many threads as streams, because half of them are reserved for other pages.
    return _gunicorn(port, "-w", "1", "-k", "gthread", "--threads", str(max(8, 2 * streams)))


def _uvicorn(application: str) -> Callable[[int, int], list[str]]:
    return lambda port, _streams: [
        *("uvicorn", "--port", str(port), "--log-level", "warning", "--no-access-log"),
        application,
    ]


def _granian(port: int, _streams: int) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", str(port), "--interface", "asginl"]
    return ["granian", *options, "--log-level", "warning", "served.asgi:application"]


PLAIN = Peer("plain, gunicorn gthread", "plain", "gunicorn", _gthread)
RELAY = Peer("bare relay, uvicorn", "relay", "uvicorn", _uvicorn("relay:application"))
OURS_UVICORN = Peer("sitechat, uvicorn", "sitechat", "uvicorn", _uvicorn("served.asgi:application"))
OURS_POOLED = Peer(
    "sitechat, uvicorn, pooled connections",
    "sitechat",
    "uvicorn",
    _uvicorn("served.asgi:application"),
    environ={"BENCHMARK_POOL": "1"},
)
OURS_GRANIAN = Peer("sitechat, granian", "sitechat", "granian", _granian)
OURS_GTHREAD = Peer("sitechat, gunicorn gthread", "sitechat", "gunicorn", _gthread)
OURS_SYNC = Peer(
    "sitechat, gunicorn sync",
    "sitechat",
    "gunicorn",
    lambda port, _streams: _gunicorn(port, "-w", "1", "-k", "sync"),
    streams=1,
)
OURS = (OURS_UVICORN, OURS_GRANIAN, OURS_GTHREAD, OURS_SYNC)
PEERS = (PLAIN, RELAY, *OURS)


def _few_threads(chat: str, more: str = "", age: str = "60") -> Peer:
    return Peer(
        f"{chat}, gunicorn gthread 2 x 8{more}",
        chat,
        "gunicorn",
        lambda port, _streams: _gunicorn(port, "-w", "2", "-k", "gthread", "--threads", "8"),
        environ={"BENCHMARK_CONN_MAX_AGE": age},
    )


FEW_THREADS = (
    _few_threads("plain"),
    _few_threads("sitechat"),
    _few_threads("sitechat", ", a connection for each request", "0"),
)


class Served:
    """A running peer, or another server at a URL (`--url`)."""

    def __init__(self, name: str, url: str, pid: int | None) -> None:
        self.name = name
        self.url = url
        self.pid = pid

    def cpu_ms(self) -> float:
        return processes.cpu_ms(self.pid) if self.pid else float("nan")

    def memory_kb(self) -> float:
        return processes.memory_kb(self.pid) if self.pid else float("nan")


def environment(
    chat: str, database: str, more: Mapping[str, str] | None = None, source: Path | None = None
) -> dict[str, str]:
    """Return the environment of a process that serves a chat. Bytecode may be cached."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {
        **environ,
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "sitechat-benchmark-bytecode"),
        "PYTHONPATH": os.pathsep.join([str((source or ROOT) / "src"), str(ROOT / "benchmarks")]),
        "DJANGO_SETTINGS_MODULE": "served.settings",
        "BENCHMARK_CHAT": "plain" if chat == "plain" else "sitechat",
        "BENCHMARK_DATABASE": database,
        "ANTHROPIC_API_KEY": "sk-benchmark",
        **(more or {}),
    }


@contextlib.contextmanager
def serve(
    peer: Peer,
    standin: StandinProcess,
    database: str,
    *,
    streams: int = 1,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Run a peer. Raise RuntimeError with its output if it does not start."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    with tempfile.TemporaryFile("w+") as log:
        more = {"ANTHROPIC_BASE_URL": standin.url, **peer.environ, **(environ or {})}
        process = subprocess.Popen(
            [sys.executable, "-m", *peer.command(port, streams)],
            cwd=ROOT / "benchmarks",
            env=environment(peer.chat, database, more, peer.source),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            if not _is_up(port, process):
                log.seek(0)
                raise RuntimeError(f"{peer.name} did not start:\n{log.read()[-4000:]}")
            yield Served(peer.name, f"http://127.0.0.1:{port}/api/chat/", process.pid)
        finally:
            _end(process)


def _is_up(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1),
        ):
            return True
        time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Databases:
    """The databases of the peers: on PostgreSQL, or SQLite files if it is not available."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self._made: dict[str, str] = {}
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Databases:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for database in self._made.values():
            if self.vendor == "postgresql":
                on_postgresql(f"DROP DATABASE {database.partition(':')[2]} WITH (FORCE)")
        self._folder.cleanup()

    def of(self, chat: str, source: Path | None = None) -> str:
        """Return the database of a chat for BENCHMARK_DATABASE, created by the first call."""
        chat = "plain" if chat == "plain" else "sitechat"
        if source is not None:
            chat += "_before"
        if chat not in self._made:
            if self.vendor == "postgresql":
                name = f"sitechat_benchmark_{chat}_{os.getpid()}"
                on_postgresql(f"CREATE DATABASE {name}")
                self._made[chat] = f"postgresql:{name}"
            else:
                self._made[chat] = str(Path(self._folder.name) / f"{chat}.sqlite3")
            subprocess.run(
                [sys.executable, "-m", "django", "migrate", "--run-syncdb", "-v", "0"],
                env=environment(chat.partition("_")[0], self._made[chat], source=source),
                check=True,
            )
        return self._made[chat]


def on_postgresql(statement: str) -> None:
    with _connect() as connection:
        connection.execute(statement)


class Connections:
    """A counter of open connections to a database, with a connection of its own."""

    def __init__(self, database: str) -> None:
        vendor, _, self._name = database.partition(":")
        self._connection = _connect() if vendor == "postgresql" else None

    def count(self) -> int:
        """Return the number of open connections; 0 on SQLite."""
        if self._connection is None:
            return 0
        counting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        row = self._connection.execute(counting, [self._name]).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _connect() -> Any:
    import psycopg

    host, user = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGUSER", "postgres")
    return psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True)


def default_vendor() -> str:
    """Return `postgresql` if its server and driver are available, else `sqlite`."""
    try:
        on_postgresql("SELECT 1")
    except Exception:
        return "sqlite"
    return "postgresql"
