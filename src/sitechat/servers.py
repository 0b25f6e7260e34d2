"""Which server runs this process, and what it can spare.

No standard tells an app how many threads its server has or when it is to end, so the servers
that sites run are asked in their own ways, once per process: the stack of the main thread shows
the object that serves. A server that is not known is taken for one of a few threads.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from sitechat.conf import conf
from sitechat.forks import PerProcess

THREADS_OF_UNKNOWN = 4
"""What a server of many threads is taken to have that does not say how many."""

GRACE = 8.0
"""Seconds that running replies get once the process was told to end, where the server names no
time of its own. Docker kills after 10 s, Kubernetes after 30 s, systemd after 90 s."""

LONGEST = 20.0
"""Seconds after which a stream is cut, to be resumed, on servers that wait for it to the end."""

MARGIN = 2.0
"""Seconds before the server's own deadline at which we are done."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Server:
    """The server of this process."""

    name: str
    threads: int | None = None
    """Requests that it serves at once in this process; None: as many as come."""
    grace: float = GRACE
    """Seconds that running replies get once the process was told to end."""
    longest: float | None = None
    """Seconds that one stream may take; then it is cut, and the visitor resumes it."""
    stopping: Callable[[], bool] = _never
    """Whether the process was told to end."""
    problem: str | None = None
    """Why no reply can run here, for the site's owner."""

    @property
    def streams(self) -> int | None:
        """Streams that leave enough threads for the site's other pages; None: any number."""
        return None if self.threads is None else self.threads // 2


def _find_server() -> Server | None:
    if problem := _green_threads():
        return Server("gevent", problem=problem)
    if (uwsgi := _uwsgi()) is not None:
        return uwsgi
    for frame in _main_stack():
        module = frame.f_globals.get("__name__", "")
        for prefix, read in READERS.items():
            if module.startswith(prefix):
                server = read(frame.f_locals)
                if server is not None:
                    return server
    return None


def _unknown(environ: Mapping[str, Any]) -> Server:
    software = str(environ.get("SERVER_SOFTWARE", ""))
    if not environ.get("wsgi.multithread"):
        return Server(software, threads=1)
    if software.startswith("WSGIServer"):
        # Django's runserver has a thread for every request, and restarts often.
        return Server(software, grace=1.0)
    return Server(software, threads=THREADS_OF_UNKNOWN)


def _main_stack() -> Iterator[FrameType]:
    main = threading.main_thread().ident
    frame = sys._current_frames().get(main) if main is not None else None
    while frame is not None:
        yield frame
        frame = frame.f_back


def _gunicorn(variables: Mapping[str, Any]) -> Server | None:
    worker: Any = variables.get("self")
    cfg = getattr(worker, "cfg", None)
    if cfg is None or not hasattr(worker, "alive"):
        return None
    kind = type(worker).__module__.rpartition(".")[2]
    return Server(
        f"gunicorn {kind}",
        threads={"sync": 1, "gthread": cfg.threads}.get(kind),
        grace=_before(cfg.graceful_timeout),
        # Only sync workers tell that they are alive between two requests.
        longest=_before(cfg.timeout) if kind == "sync" and cfg.timeout else None,
        stopping=lambda: not worker.alive,
    )


def _granian(variables: Mapping[str, Any]) -> Server | None:
    threads, ended = variables.get("blocking_threads"), variables.get("evp")
    if threads is None or ended is None:
        return None
    if isinstance(ended, threading.Event):
        # It waits for open streams as long as they take, and nothing shows that it does.
        return Server("granian WSGI", threads=threads, longest=LONGEST)
    return Server("granian ASGI")


def _uvicorn(variables: Mapping[str, Any]) -> Server | None:
    config = getattr(variables.get("self"), "config", None)
    if config is None:
        return None
    return Server("uvicorn", grace=_before(config.timeout_graceful_shutdown))


def _hypercorn(variables: Mapping[str, Any]) -> Server | None:
    config: Any = variables.get("config")
    if not hasattr(config, "graceful_timeout"):
        return None
    event: Any = variables.get("shutdown_event")  # of the parent, which sends no signal
    return Server(
        "hypercorn",
        grace=_before(config.graceful_timeout),
        stopping=event.is_set if event is not None else _never,
    )


READERS: Mapping[str, Callable[[Mapping[str, Any]], Server | None]] = {
    "gunicorn.workers.": _gunicorn,
    "granian.server.": _granian,
    "uvicorn.server": _uvicorn,
    "hypercorn.asyncio.run": _hypercorn,
}


def _before(deadline: float | None) -> float:
    """How long our work may take where the server kills after `deadline` seconds."""
    return GRACE if not deadline else max(deadline / 2, deadline - MARGIN)


def _uwsgi() -> Server | None:
    try:
        uwsgi = importlib.import_module("uwsgi")  # exists only inside uWSGI
    except ImportError:
        return None
    options = {_text(key): _text(value) for key, value in uwsgi.opt.items()}
    threads = int(options.get("threads", 1))
    problem = None
    if threads < 2 and "enable-threads" not in options:
        problem = (
            "uWSGI runs without threads, so no reply could ever be written. "
            "Start it with --enable-threads, or with --threads 4."
        )
    harakiri = int(options.get("harakiri", 0))
    return Server(
        "uWSGI",
        threads=threads,
        longest=_before(harakiri) if harakiri else None,
        problem=problem,
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _green_threads() -> str | None:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        return (
            "gevent has replaced this process's threads, and asyncio does not run on its own. "
            "Serve the site with gunicorn -k gthread --threads 8, or as ASGI."
        )
    return None


class Serving:
    """What a process knows of its server, and how many streams it has open."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.looked = False
        self.streams = 0
        self.lock = threading.Lock()


serving = PerProcess(Serving)
"""That of this process."""


def current_server(environ: Mapping[str, Any] | None = None) -> Server:
    """The server of this process. `environ`: that of a WSGI request, for servers not known."""
    here = serving()
    if not here.looked:
        here.server, here.looked = _find_server(), True
    if here.server is None and environ is not None:
        here.server = _unknown(environ)
    return here.server or Server("unknown")


def most_streams(server: Server, *, on_loop: bool, polls: bool) -> int | None:
    """How many streams may be open at once in this process; None for any number.

    `on_loop`: a stream takes no thread. `polls`: the client can do without a stream.
    """
    if conf.CHAT_MAX_STREAMS is not None:
        return conf.CHAT_MAX_STREAMS
    if on_loop or (server.threads == 1 and not polls):  # the one thread is this request's already
        return None
    return server.streams


class Place:
    """Room for one open stream; to be given back once."""

    def __init__(self, serving: Serving) -> None:
        self._serving: Serving | None = serving

    def release(self) -> None:
        serving, self._serving = self._serving, None
        if serving is not None:
            with serving.lock:
                serving.streams -= 1


def take_place(most: int | None) -> Place | None:
    """Room for one more stream where fewer than `most` are open; None where there is none."""
    here = serving()
    with here.lock:
        if most is not None and here.streams >= most:
            return None
        here.streams += 1
    return Place(here)
