"""A worker killed during an answer: only text that Claude had not yet written is lost."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.forks import run_django
from tests.prepared import environ_with
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import SETTINGS, Databases, Sites
from tests.servers.sites import SERVERS, UVICORN, Server, Site
from tests.servers.table import is_chosen
from tests.waiting import until

pytestmark = [pytest.mark.timeout(400), pytest.mark.smoke]

STALE_AFTER = 8
"""CHAT_STALE_AFTER of these sites, in seconds."""

FOUND_WITHIN = 20.0
"""Seconds from the kill until the row is interrupted."""


@dataclass
class Killed:
    """A visitor whose reply was lost with its process."""

    caller: Caller
    """A caller of a running process."""
    reply: str
    at: float
    seen: str
    whole: bool
    following: Future[Stream]
    """The events of the reply from another process, from the kill on."""


def begin_held(site: Site, standin: StandinProcess) -> tuple[Caller, str]:
    """Return a visitor whose reply has two words and waits, in an existing session."""
    caller = Caller(site.port, polls=True)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = caller.begin("Count")
    if stream is not None:
        stream.close()
    caller.wait_for(reply, "one two ")
    return caller, reply


def kill_worker(caller: Caller) -> float:
    """Kill the process that serves the caller with SIGKILL and return the time."""
    os.kill(caller.process()["pid"], signal.SIGKILL)
    return time.monotonic()


@pytest.fixture(scope="module")
def killed(
    request: pytest.FixtureRequest, shared_sites: Sites, standin: StandinProcess
) -> Iterator[Callable[[Server | str], Killed]]:
    """Kill all servers first, so that the rows of all tests become stale at the same time."""
    witness = shared_sites.start(UVICORN, stale_after=STALE_AFTER)
    victims: dict[Server | str, Killed] = {}
    pool = ThreadPoolExecutor(len(SERVERS))

    def fall(name: Server | str, site: Site, *, last: bool = True) -> None:
        caller, reply = begin_held(site, standin)
        stream = caller.follow(reply)
        seen = stream.until_text(8) if stream.status == 200 else "one two "
        if last:
            at = kill_worker(caller)
            whole = stream.rest().whole if stream.status == 200 else False
        else:
            at, whole = time.monotonic(), False
        caller = caller.to(witness.port)
        following = pool.submit(lambda: caller.follow(reply).rest()) if last else Future()
        victims[name] = Killed(caller, reply, at, seen, whole, following)

    for server in SERVERS:
        if not server.installed or (server is not UVICORN and not is_chosen(request, server)):
            continue
        site = shared_sites.make(server, stale_after=STALE_AFTER).start()
        if server is UVICORN:
            for looks_first in ("history", "message", "cleanup"):
                fall(looks_first, site, last=False)
        fall(server, site)

    def find(name: Server | str) -> Killed:
        if name not in victims:
            pytest.skip(f"{name} is not installed")
        return victims[name]

    yield find
    pool.shutdown(cancel_futures=True)


@pytest.fixture(autouse=True)
def _fresh_standin() -> None:
    """Keep the stand-in's state, because replies of this module run across tests."""


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_the_reply_of_a_killed_worker_is_interrupted_and_kept(
    server: Server, killed: Callable[[Server | str], Killed], standin: StandinProcess
) -> None:
    victim = killed(server)
    assert victim.seen == "one two "
    assert not victim.whole
    stream = victim.following.result()
    assert stream.events[-1].at - victim.at < FOUND_WITHIN
    assert stream.text == "one two "
    assert stream.error == "interrupted"
    assert stream.done == "interrupted"
    assert stream.whole
    row = victim.caller.row(victim.reply)
    assert row["status"] == "interrupted"
    assert float(row["usage"]["dollars"]) > 0

    standin.script("Here I am.")
    answer = victim.caller.to(victim.caller.port)
    answer.polls = False
    assert answer.send("Go on").rest().text == "Here I am."
    record = standin.requests[-1]
    assert record.status == 200
    assert [message["role"] for message in record.body["messages"]] == [
        "user",
        "assistant",
        "user",
    ]


def test_whoever_reads_the_conversation_finds_it(
    killed: Callable[[Server | str], Killed],
) -> None:
    victim = killed("history")
    until(lambda: victim.caller.history()["running"] is None, FOUND_WITHIN, every=0.5)
    history = victim.caller.history()
    assert history["messages"][-1]["status"] == "interrupted"
    assert history["messages"][-1]["text"] == "one two "


def test_whoever_writes_the_next_message_finds_it(
    killed: Callable[[Server | str], Killed], standin: StandinProcess
) -> None:
    victim = killed("message")
    standin.script("Here I am.")
    streams: list[Stream] = []

    def is_accepted() -> bool:
        streams.append(victim.caller.send("Go on", str(uuid.uuid4())))
        return streams[-1].status != 409

    until(is_accepted, FOUND_WITHIN, every=0.5)
    assert streams[-1].rest().text == "Here I am."
    assert victim.caller.row(victim.reply)["status"] == "interrupted"


def test_the_cleanup_finds_it(
    killed: Callable[[Server | str], Killed], databases: Databases
) -> None:
    victim = killed("cleanup")

    def found() -> bool:
        run_cleanup(databases.environ("sqlite"))
        return bool(victim.caller.row(victim.reply)["status"] == "interrupted")

    until(found, FOUND_WITHIN, every=1)


def run_cleanup(environ: Mapping[str, str]) -> None:
    variables = {**environ, "SITE_STALE_AFTER": str(STALE_AFTER)}
    run_django("chat_cleanup", environ=environ_with(SETTINGS, **variables))
