"""SIGTERM: replies finish in the server's time or are saved as interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import Sites
from tests.servers.sites import (
    DAPHNE,
    GRANIAN_WSGI,
    RUNSERVER,
    SERVERS,
    UVICORN,
    UWSGI,
    Server,
    Site,
    python,
)
from tests.servers.table import is_chosen

pytestmark = pytest.mark.timeout(400)

ENDS_WITHIN = 12.0
"""Seconds from SIGTERM to the end of the process."""

WAITS_FOR_STREAMS = {GRANIAN_WSGI: 30.0}
"""Servers that wait for a stream without a limit."""

KILLS_AT_ONCE = (DAPHNE, UWSGI)
"""Servers that do not wait for replies."""

TELLS_NOTHING = (UWSGI,)
"""Servers on which SIGTERM is like SIGKILL: another process interrupts the reply."""

UVICORN_WITH_TIMEOUT = replace(
    UVICORN,
    name="uvicorn with a timeout",
    command=lambda port: python(
        *("uvicorn", "--port", str(port), "--timeout-graceful-shutdown", "4"),
        "tests.servers.asgi:application",
    ),
)
ENDING = [server for server in (*SERVERS, UVICORN_WITH_TIMEOUT) if server is not RUNSERVER]


@pytest.fixture(scope="module")
def witness(shared_sites: Sites) -> Site:
    """Return a running process, which shows the rows of others without changing them."""
    return shared_sites.start(UVICORN, stale_after=8)


@pytest.fixture
def witnessed(witness: Site) -> Caller:
    return Caller(witness.port)


def begin(site: Site, standin: StandinProcess, answer: Answer) -> tuple[Caller, str, Stream | None]:
    caller = Caller(site.port, polls=site.server.threads == 1)
    standin.script(answer)
    reply, stream = caller.begin("Count")
    if stream is not None:
        stream.until_text(4)
    caller.wait_for(reply, "one ")
    return caller, reply, stream


@dataclass
class Ended:
    """A server that was stopped while it had two replies, one of them followed."""

    callers: dict[str, Caller]
    """The visitors by their replies."""
    seconds: Future[float]
    """Seconds that the server took to end."""
    reading: Future[Stream] | None


@pytest.fixture(scope="module")
def ended(
    request: pytest.FixtureRequest, shared_sites: Sites, standin: StandinProcess
) -> Iterator[Callable[[Server], Ended]]:
    """Stop all servers first, so that they end at the same time."""
    pool = ThreadPoolExecutor(2 * len(ENDING))
    found: dict[Server, Ended] = {}
    silent = Answer(["one ", "two"], hold_after=1)
    for server in ENDING:
        if not server.installed or not is_chosen(request, server):
            continue
        site = shared_sites.make(server).start()
        first, reply, stream = begin(site, standin, silent)
        second, unfollowed, left = begin(site, standin, silent)
        if left is not None:
            left.close()
        reading = pool.submit(stream.rest) if stream is not None else None
        site.terminate()
        seconds = pool.submit(site.wait, 60)
        found[server] = Ended({reply: first, unfollowed: second}, seconds, reading)

    def find(server: Server) -> Ended:
        if server not in found:
            pytest.skip(f"{server.package} is not installed")
        return found[server]

    yield find
    pool.shutdown()


@pytest.fixture(autouse=True)
def _fresh_standin() -> None:
    """Keep the stand-in's state, because replies of this module run across tests."""


@pytest.mark.parametrize("server", ENDING, ids=str)
def test_a_restart_loses_nothing(
    server: Server, ended: Callable[[Server], Ended], witnessed: Caller
) -> None:
    site = ended(server)
    assert site.seconds.result() < WAITS_FOR_STREAMS.get(server, ENDS_WITHIN)
    if server in TELLS_NOTHING:
        for reply, caller in site.callers.items():
            caller.to(witnessed.port).wait_for_end(reply)
    for reply in site.callers:
        row = witnessed.row(reply)
        assert row["status"] == "interrupted"
        assert row["text"] == "one "
        assert row["usage"] is not None
    if site.reading is not None:
        stream = site.reading.result()
        assert stream.text == "one "
        assert stream.done in ("interrupted", None)


@pytest.mark.parametrize("server", [s for s in ENDING if s not in KILLS_AT_ONCE], ids=str)
@pytest.mark.long
def test_a_reply_that_is_nearly_done_finishes(
    server: Server, sites: Sites, standin: StandinProcess, witnessed: Caller
) -> None:
    standin.clear()
    site = sites.start(server)
    _caller, reply, stream = begin(site, standin, Answer(["one ", "two"], hold_after=1))
    reader = threading.Thread(target=stream.rest) if stream is not None else None
    if reader is not None:
        reader.start()
    site.terminate()
    threading.Timer(0.7, standin.release).start()
    site.wait(ENDS_WITHIN)
    row = witnessed.row(reply)
    assert (row["status"], row["text"]) == ("complete", "one two")
    if reader is not None and stream is not None:
        reader.join()
        assert stream.whole
        assert stream.done == "complete"
