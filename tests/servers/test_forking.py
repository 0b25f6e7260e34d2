"""Processes that fork, are replaced while they work, or have no real threads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller
from tests.servers.conftest import Sites
from tests.servers.sites import (
    GUNICORN_GTHREAD,
    GUNICORN_SYNC,
    UVICORN,
    UWSGI,
    Server,
    gunicorn,
    python,
    uwsgi,
)

PRELOADED = [
    replace(
        GUNICORN_GTHREAD,
        name="gunicorn gthread, preloaded, 2 workers",
        command=lambda port: gunicorn(port, "gthread", "-w", "2", "--threads", "8", "--preload"),
    ),
    replace(
        UWSGI,
        name="uWSGI, 2 processes forked after loading",
        command=lambda port: uwsgi(port, "-p", "2", "--threads", "8"),
    ),
    replace(
        UVICORN,
        name="uvicorn, 2 workers",
        command=lambda port: python(
            "uvicorn", "--port", str(port), "--workers", "2", "tests.servers.asgi:application"
        ),
    ),
]


@pytest.mark.parametrize("server", PRELOADED, ids=str)
def test_workers_that_share_a_parent_share_no_reply(
    server: Server, sites: Sites, standin: StandinProcess
) -> None:
    site = sites.start(server)
    standin.always(Answer(["one ", "two"], hold_after=1))
    callers = [Caller(site.port, polls=True) for _ in range(8)]
    replies = [caller.begin("Count") for caller in callers]
    assert all(stream.until_text(4) == "one " for _reply, stream in replies if stream)
    # Each call may be served by either worker.
    assert all(
        caller.poll(reply)["status"] == "running"
        for caller, (reply, _stream) in zip(callers, replies, strict=True)
    )
    standin.release(8)
    assert all(stream.rest().done == "complete" for _reply, stream in replies if stream)
    for caller, (reply, _stream) in zip(callers, replies, strict=True):
        assert caller.wait_for_end(reply)["text"] == "one two"
    assert len(standin.requests) == 8


@pytest.mark.parametrize("kind", ["sync", "gthread"])
@pytest.mark.long
def test_a_worker_that_is_recycled_finishes_its_replies(
    kind: str, sites: Sites, standin: StandinProcess
) -> None:
    server = replace(
        GUNICORN_GTHREAD if kind == "gthread" else GUNICORN_SYNC,
        name=f"gunicorn {kind}, recycled",
        command=lambda port: gunicorn(port, kind, "--max-requests", "30"),
    )
    site = sites.start(server)
    caller = Caller(site.port, polls=True)
    worker = caller.process()["pid"]
    standin.script(Answer(["one ", "two ", "three"], delay=2.0))
    reply, stream = caller.begin("Count")
    if stream is not None:
        stream.close()
    while caller.process()["pid"] == worker:
        pass
    assert caller.wait_for_end(reply)["status"] == "complete"
    assert caller.poll(reply)["text"] == "one two three"


WITHOUT_THREADS = [
    (
        replace(UWSGI, name="uWSGI without threads", command=uwsgi),
        "--enable-threads",
    ),
    (
        replace(
            GUNICORN_GTHREAD,
            name="gunicorn gevent",
            package="gevent",
            command=lambda port: gunicorn(port, "gevent"),
        ),
        "gthread",
    ),
]


@pytest.mark.parametrize(("server", "hint"), WITHOUT_THREADS, ids=str)
def test_a_server_on_which_no_reply_can_run_is_told_apart(
    server: Server, hint: str, sites: Sites, standin: StandinProcess
) -> None:
    site = sites.make(server).start()
    caller = Caller(site.port)
    answer = caller.call("POST", "/api/chat/", {"message": "Hello"})
    assert answer.status == 503
    assert answer.json["error"] == "not_configured"
    assert standin.requests == []
    assert caller.history()["messages"] == []
    assert hint in site.log.read_text()


@pytest.mark.on(UWSGI)
def test_uwsgi_with_enabled_threads_answers(sites: Sites, standin: StandinProcess) -> None:
    server = replace(
        UWSGI,
        name="uWSGI with --enable-threads",
        command=lambda port: uwsgi(port, "--enable-threads"),
    )
    site = sites.start(server)
    standin.script("Here I am.")
    caller = Caller(site.port, polls=True)
    reply, stream = caller.begin("Hello")
    assert stream is None
    assert caller.wait_for_end(reply)["text"] == "Here I am."
