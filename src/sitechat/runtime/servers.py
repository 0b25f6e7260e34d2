"""The server that runs this process: its threads, its time limits, and whether it is stopping.

The number of streams, and the time for replies after SIGTERM, depend on these values.

No standard lets an app ask its server for these values, and environment variables do not show the
options of the command line. So this module looks once per process for the server's object on the
stack of the main thread. It finds uWSGI and gevent by their modules. It reads from:

- gunicorn: threads, time limits, and `alive`, which becomes False when the worker must stop
- granian as WSGI: threads
- uvicorn: the time limit after which it ends the process, even if replies are not saved yet
- hypercorn: the event that its parent sets instead of sending a signal
- uWSGI: threads, and the time limit of a request

Any other WSGI server is assumed to have DEFAULT_THREADS threads, or one if `wsgi.multithread` is
false. Any other server is assumed to have time to save replies (DEFAULT_GRACE). This is the only
module that reads internals of servers; `tests/servers/test_threads.py` fails if an upgrade changes
them.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from sitechat.runtime.per_process import PerProcess

CHAT_MIDDLEWARE = "sitechat.middleware.ChatMiddleware"
"""The optional first entry of MIDDLEWARE."""

DEFAULT_THREADS = 4
"""Assumed number of threads of a threaded WSGI server that this module does not know."""

DEFAULT_GRACE = 8.0
"""Default seconds for running replies to finish after SIGTERM.

Docker kills a process after 10 s, Kubernetes after 30 s, systemd after 90 s.
"""

MAX_STREAM_SECONDS = 20.0
"""Seconds after which a stream is cut and resumed, on servers that wait for open streams."""

DEADLINE_MARGIN = 2.0
"""Seconds that remain between the end of our work and the server's deadline. For deadlines below
4 s, half of the time remains."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Server:
    """The server of this process."""

    name: str
    threads: int | None = None
    """Maximum concurrent requests in this process; None for any number."""
    grace: float = DEFAULT_GRACE
    """Seconds for running replies to finish after SIGTERM."""
    max_stream_seconds: float | None = None
    """Seconds after which a stream is cut. The visitor's client then resumes it. None for no
    maximum."""
    stopping: Callable[[], bool] = _never
    """Returns whether the process was asked to stop; False if the server does not show it."""
    problem: str | None = None
    """Why no reply can run in this process, for the site's owner; None if replies can run."""

    @property
    def streams(self) -> int | None:
        """The maximum number of streams, half of the threads; None for any number."""
        return None if self.threads is None else self.threads // 2


def _find_server() -> Server | None:
    """Return the server if this module knows it; else None. gevent is treated as a server."""
    if problem := _green_threads():
        return Server("gevent", problem=problem)
    if (uwsgi := _uwsgi()) is not None:
        return uwsgi
    return next(filter(None, map(_read_frame, _main_stack())), None)


def _read_frame(frame: FrameType) -> Server | None:
    """Return the server that a frame belongs to; None if no known server has such a frame."""
    module = frame.f_globals.get("__name__", "")
    for prefix, read in READERS.items():
        if module.startswith(prefix) and (server := read(frame.f_locals)) is not None:
            return server
    return None


def _unknown(environ: Mapping[str, Any]) -> Server:
    """Return a guess about a WSGI server that this module does not know."""
    software = str(environ.get("SERVER_SOFTWARE", ""))
    if not environ.get("wsgi.multithread"):
        return Server(software, threads=1)
    if software.startswith("WSGIServer"):
        # Django's runserver starts a thread for each request, and restarts often.
        return Server(software, grace=1.0)
    return Server(software, threads=DEFAULT_THREADS)


def _main_stack() -> Iterator[FrameType]:
    """Yield the frames of the main thread, the innermost first."""
    main = threading.main_thread().ident
    frame = sys._current_frames().get(main) if main is not None else None
    while frame is not None:
        yield frame
        frame = frame.f_back


def _gunicorn(variables: Mapping[str, Any]) -> Server | None:
    """Read a worker of gunicorn."""
    worker: Any = variables.get("self")
    cfg = getattr(worker, "cfg", None)
    if cfg is None or not hasattr(worker, "alive"):
        return None
    worker_type = type(worker).__module__.rpartition(".")[2]
    return Server(
        f"gunicorn {worker_type}",
        threads={"sync": 1, "gthread": cfg.threads}.get(worker_type),
        grace=_time_before(cfg.graceful_timeout),
        # A sync worker reports that it is alive only between requests.
        max_stream_seconds=(
            _time_before(cfg.timeout) if worker_type == "sync" and cfg.timeout else None
        ),
        stopping=lambda: not worker.alive,
    )


def _granian(variables: Mapping[str, Any]) -> Server | None:
    """Read the function that runs a worker of granian."""
    if not isinstance(variables.get("evp"), threading.Event):  # ASGI: nothing to read
        return None
    # Granian waits for open streams without a limit, and does not show that it is stopping.
    return Server(
        "granian WSGI",
        threads=variables.get("blocking_threads"),
        max_stream_seconds=MAX_STREAM_SECONDS,
    )


def _uvicorn(variables: Mapping[str, Any]) -> Server | None:
    """Read uvicorn's `Server`."""
    config = getattr(variables.get("self"), "config", None)
    if config is None:
        return None
    return Server("uvicorn", grace=_time_before(config.timeout_graceful_shutdown))


def _hypercorn(variables: Mapping[str, Any]) -> Server | None:
    """Read the function that runs a worker of hypercorn."""
    config: Any = variables.get("config")
    if not hasattr(config, "graceful_timeout"):
        return None
    event: Any = variables.get("shutdown_event")  # the parent sets it and sends no signal
    return Server(
        "hypercorn",
        grace=_time_before(config.graceful_timeout),
        stopping=event.is_set if event is not None else _never,
    )


READERS: Mapping[str, Callable[[Mapping[str, Any]], Server | None]] = {
    "gunicorn.workers.": _gunicorn,
    "granian.server.": _granian,
    "uvicorn.server": _uvicorn,
    "hypercorn.asyncio.run": _hypercorn,
}
"""Functions that read a server from the local variables of a frame, by the module of the frame."""


def _time_before(deadline: float | None) -> float:
    """Return how many seconds our work may take, so that it ends before the server's deadline.

    Args:
        deadline: The server's time limit in seconds. For None or 0, return DEFAULT_GRACE.
    """
    return DEFAULT_GRACE if not deadline else max(deadline / 2, deadline - DEADLINE_MARGIN)


def _uwsgi() -> Server | None:
    """Read the options of uWSGI; return None under other servers."""
    try:
        uwsgi = importlib.import_module("uwsgi")  # exists only inside uWSGI
    except ImportError:
        return None
    options = {_text(key): _text(value) for key, value in uwsgi.opt.items()}
    threads = int(options.get("threads", 1))
    problem = None
    if threads < 2 and "enable-threads" not in options:
        problem = (
            "uWSGI runs without threads, so no reply can be written. "
            "Start it with --enable-threads, or with --threads 4."
        )
    harakiri = int(options.get("harakiri", 0))
    return Server(
        "uWSGI",
        threads=threads,
        max_stream_seconds=_time_before(harakiri) if harakiri else None,
        problem=problem,
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _green_threads() -> str | None:
    """Return why replies can't run if gevent has replaced the threads; else None."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        return (
            "gevent has replaced this process's threads, so asyncio can't run beside a request. "
            "Serve the site with gunicorn -k gthread --threads 8, or as ASGI."
        )
    return None


class _ProcessServer:
    """Holds `server`, the server of this process; None if this module does not know it."""

    def __init__(self) -> None:
        self.server = _find_server()


process_server = PerProcess(_ProcessServer)


def current_server(environ: Mapping[str, Any] | None = None) -> Server:
    """Return the server of this process, even if this module does not know it.

    Args:
        environ: The environment of a WSGI request, which describes unknown servers. Without it, an
            unknown server has no limit of threads.
    """
    process = process_server()
    if process.server is None and environ is not None:
        process.server = _unknown(environ)
    return process.server or Server("unknown")
