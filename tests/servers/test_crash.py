"""A worker that is killed in mid-answer: nothing is lost but what Claude had not written yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from sitechat.models import STALE_AFTER
from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import Databases, Sites
from tests.servers.sites import ROOT, SERVERS, UVICORN, Server, Site

pytestmark = pytest.mark.timeout(400)

FOUND_WITHIN = 20.0
"""Seconds from the kill to the row that says interrupted."""


@dataclass
class Killed:
    """A visitor whose reply's process was killed."""

    caller: Caller
    """Speaks to a process that lives."""
    reply: str
    at: float
    seen: str
    whole: bool
    following: Future[Stream]
    """The rest of the reply, as another process tells it from the kill on."""

    def wait_until_stale(self) -> None:
        time.sleep(max(0.0, STALE_AFTER.total_seconds() + 1 - (time.monotonic() - self.at)))


def begin_held(site: Site, standin: StandinProcess) -> tuple[Caller, str]:
    """A visitor whose reply has two words and waits, in a session that has chatted before."""
    caller = Caller(site.port, polls=True)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = caller.begin("Count")
    if stream is not None:
        stream.close()
    caller.wait_for(reply, "one two ")
    return caller, reply


def kill_worker(caller: Caller) -> float:
    """SIGKILL to the process that serves the caller; when it came."""
    os.kill(caller.process()["pid"], signal.SIGKILL)
    return time.monotonic()


@pytest.fixture(scope="module")
def killed(
    shared_sites: Sites, standin: StandinProcess
) -> Iterator[Callable[[Server | str], Killed]]:
    """All servers are killed first, so that the tests wait together for rows to be stale."""
    witness = shared_sites.start(UVICORN)
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
        if not server.installed:
            continue
        site = shared_sites.make(server).start()
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
    """The replies of this module go on from test to test."""


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
    victim.wait_until_stale()
    history = victim.caller.history()
    assert history["running"] is None
    assert history["messages"][-1]["status"] == "interrupted"
    assert history["messages"][-1]["text"] == "one two "


def test_whoever_writes_the_next_message_finds_it(
    killed: Callable[[Server | str], Killed], standin: StandinProcess
) -> None:
    victim = killed("message")
    victim.wait_until_stale()
    standin.script("Here I am.")
    stream = victim.caller.send("Go on", str(uuid.uuid4())).rest()
    assert stream.text == "Here I am."
    assert victim.caller.row(victim.reply)["status"] == "interrupted"


def test_the_cleanup_finds_it(
    killed: Callable[[Server | str], Killed], databases: Databases
) -> None:
    victim = killed("cleanup")
    victim.wait_until_stale()
    run_cleanup(databases.environ("sqlite"))
    assert victim.caller.row(victim.reply)["status"] == "interrupted"


def run_cleanup(environ: Mapping[str, str]) -> None:
    subprocess.run(
        [sys.executable, "tests/servers/manage.py", "chat_cleanup"],
        cwd=ROOT,
        env={
            **os.environ,
            **environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
        },
        check=True,
        capture_output=True,
    )
