"""Conversations are deleted at the moment at which their replies are saved, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.forks import run_django
from tests.prepared import environ_with
from tests.servers.callers import Caller
from tests.servers.conftest import (
    DATABASES,
    MAINLY_UVICORN,
    SETTINGS,
    Databases,
    Sites,
)
from tests.servers.sites import GUNICORN_GTHREAD, Server
from tests.waiting import until

AT_ONCE = 4
"""Visitors of a round, so that transactions meet."""

ROUNDS = [5, pytest.param(200, marks=pytest.mark.nightly)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("vendor", DATABASES)
@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
def test_a_conversation_is_forgotten_at_the_moment_its_reply_is_saved(
    server: Server, vendor: str, rounds: int, sites: Sites, standin: StandinProcess
) -> None:
    """Delete conversations in the process that does not write their replies, too."""
    pair = sites.pair(server, vendor, limits={"site": ["100000 usd/day"]})
    before = unfinished(pair[0].port)

    def begin(number: int) -> tuple[Caller, str]:
        caller = Caller(pair[number % 2].port, polls=True)
        reply, stream = caller.begin("Count")
        if stream is not None:
            stream.close()
        return caller, reply

    def forget(number: int, caller: Caller) -> int:
        return caller.to(pair[number // 2 % 2].port).forget().status

    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        for _ in range(rounds):
            standin.clear()
            standin.always(Answer(["one ", "two"], hold_after=1))
            started = list(pool.map(begin, range(AT_ONCE)))
            standin.wait_for(lambda records: sum(record.held for record in records) == AT_ONCE)
            released = pool.submit(standin.release, AT_ONCE)
            statuses = pool.map(forget, range(AT_ONCE), [caller for caller, _reply in started])
            assert list(statuses) == [204] * AT_ONCE
            released.result()
            for caller, reply in started:
                assert caller.row(reply)["status"] is None
    assert_all_is_booked(pair[0].port, before)


def unfinished(port: int) -> dict[str, int]:
    """Return how many replies are running and how many counts hold a reservation."""
    return Caller(port).call("GET", "/counts/").json


def assert_all_is_booked(port: int, before: dict[str, int]) -> None:
    """Wait until no more is unfinished than before. Killed sites of other tests leave some."""

    def is_booked() -> bool:
        now = unfinished(port)
        return all(now[name] <= before[name] for name in before)

    until(is_booked, 30, failure=lambda: f"{before}, then {unfinished(port)}")


@pytest.mark.parametrize("vendor", DATABASES)
def test_the_cleanup_and_the_site_never_fail_each_other(
    vendor: str, sites: Sites, standin: StandinProcess, databases: Databases
) -> None:
    site = sites.start(GUNICORN_GTHREAD, vendor)
    standin.always("One two three.")
    environ = environ_with(SETTINGS, **databases.environ(vendor))
    with ThreadPoolExecutor(2) as pool:
        cleanups = [
            pool.submit(run_django, "chat_cleanup", "--days", "1", environ=environ)
            for _ in range(2)
        ]
        while not all(cleanup.done() for cleanup in cleanups):
            caller = Caller(site.port)
            assert caller.send("Count").rest().done == "complete"
            assert caller.forget().status == 204
        for cleanup in cleanups:
            cleanup.result()
