"""Slow databases: running replies are not interrupted because they wait."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller
from tests.servers.conftest import USUAL, Databases, Sites
from tests.servers.sites import GUNICORN_GTHREAD, Server

STALE_AFTER = 3

LOCKED_FOR = 2.0 * STALE_AFTER


@contextmanager
def locked(databases: Databases, reply: str) -> Iterator[None]:
    """Hold the lock of a reply's row, like another program."""
    psycopg = pytest.importorskip("psycopg")
    name = databases.environ("postgresql")["SITECHAT_TEST_DB_NAME"]
    host, user = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGUSER", "postgres")
    with psycopg.connect(host=host, user=user, dbname=name) as connection:
        connection.execute("SELECT 1 FROM sitechat_message WHERE id = %s FOR UPDATE", [reply])
        yield
        connection.rollback()


@pytest.mark.parametrize("server", USUAL, ids=str)
@pytest.mark.long
def test_a_reply_whose_row_is_locked_for_long_goes_on(
    server: Server, sites: Sites, standin: StandinProcess, databases: Databases
) -> None:
    site, other = sites.pair(server, "postgresql", stale_after=STALE_AFTER)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    caller = Caller(site.port)
    reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(8)
    elsewhere = caller.to(other.port)
    caller.wait_for(reply, "one two ")
    following = elsewhere.follow(reply)
    following.until_text(8)
    with locked(databases, reply):
        reader = threading.Thread(target=following.rest)
        reader.start()
        threading.Event().wait(LOCKED_FOR)
    standin.release()
    assert stream.rest().done == "complete"
    reader.join()
    assert (following.text, following.done) == ("one two three", "complete")
    assert caller.row(reply)["usage"]["status"] == "complete"


@pytest.mark.long
def test_a_process_that_was_frozen_books_its_reply_once(
    sites: Sites, standin: StandinProcess
) -> None:
    """Let another process interrupt the reply of a frozen process, which then continues."""
    site, other = sites.pair(GUNICORN_GTHREAD, stale_after=STALE_AFTER)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    caller = Caller(site.port)
    reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(8)
    caller.wait_for(reply, "one two ")
    process = caller.process()["pid"]
    os.kill(process, signal.SIGSTOP)
    try:
        ended = caller.to(other.port).wait_for_end(reply)
    finally:
        os.kill(process, signal.SIGCONT)
    assert ended["status"] == "interrupted"
    standin.release()
    assert stream.rest().done == "complete"
    row = caller.wait_for(reply, "one two three", "complete")
    assert row["usage"]["status"] == "complete"
