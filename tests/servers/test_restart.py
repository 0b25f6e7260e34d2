"""SIGTERM: replies finish within the server's time or are saved as interrupted, and it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from sitechat.models import STALE_AFTER
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

pytestmark = pytest.mark.timeout(400)

ENDS_WITHIN = 12.0
"""Seconds from SIGTERM to the end of the process."""

WAITS_FOR_STREAMS = {GRANIAN_WSGI: 30.0}
"""Servers that wait for a stream as long as it takes, which is as long as we let it."""

KILLS_AT_ONCE = (DAPHNE, UWSGI)
"""Servers that give a reply no time to finish."""

TELLS_NOTHING = (UWSGI,)
"""Servers on which SIGTERM is like SIGKILL: whoever looks finds the reply interrupted."""

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
    """A process that lives and tells of the others' rows, without judging them."""
    return shared_sites.start(UVICORN)


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
    """A server that was told to end while it had two replies, one of them followed."""

    callers: dict[str, Caller]
    """The visitors by their replies."""
    seconds: Future[float]
    """How long it took to end."""
    reading: Future[Stream] | None


@pytest.fixture(scope="module")
def ended(shared_sites: Sites, standin: StandinProcess) -> Iterator[Callable[[Server], Ended]]:
    """All servers are told to end first, so that their times to end pass together."""
    pool = ThreadPoolExecutor(2 * len(ENDING))
    found: dict[Server, Ended] = {}
    silent = Answer(["one ", "two"], hold_after=1)
    for server in ENDING:
        if not server.installed:
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
    """The replies of this module go on from test to test."""


@pytest.mark.parametrize("server", ENDING, ids=str)
def test_a_restart_loses_nothing(
    server: Server, ended: Callable[[Server], Ended], witnessed: Caller
) -> None:
    site = ended(server)
    assert site.seconds.result() < WAITS_FOR_STREAMS.get(server, ENDS_WITHIN)
    if server in TELLS_NOTHING:
        time.sleep(STALE_AFTER.total_seconds())
        for reply, caller in site.callers.items():
            caller.to(witnessed.port).poll(reply)
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
