"""Database failures: no text that a visitor saw is lost, and connections are released."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import django
import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller
from tests.servers.conftest import Databases, Sites, run_on_mariadb, run_on_postgresql
from tests.servers.sites import GUNICORN_GTHREAD, UVICORN, Server
from tests.waiting import until

pytestmark = pytest.mark.long

BOTH = pytest.mark.parametrize("server", [UVICORN, GUNICORN_GTHREAD], ids=str)

CONNECTIONS = "SELECT pid FROM pg_stat_activity WHERE datname = '{}'"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


class PostgreSQL:
    """The sites' PostgreSQL database, with an administrator's access."""

    def __init__(self, databases: Databases) -> None:
        self.name = databases.environ("postgresql")["SITECHAT_TEST_DB_NAME"]

    def connections(self) -> int:
        return len(run_on_postgresql(CONNECTIONS.format(self.name)))

    def wait_for_connections(self, allowed: int) -> None:
        """Wait until the sites have at most this many connections."""
        until(lambda: self.connections() <= allowed, 30, every=0.1, failure=self.connections)

    @contextmanager
    def down(self) -> Iterator[None]:
        run_on_postgresql(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        run_on_postgresql(TERMINATE.format(self.name))
        try:
            yield
        finally:
            run_on_postgresql(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")


class MariaDB:
    """The sites' MariaDB database, with an administrator's access."""

    def __init__(self, databases: Databases) -> None:
        self.user = databases.environ("mariadb")["SITECHAT_TEST_DB_USER"]

    @contextmanager
    def down(self) -> Iterator[None]:
        run_on_mariadb(f"ALTER USER {self.user} ACCOUNT LOCK")
        run_on_mariadb(f"KILL USER {self.user}")
        try:
            yield
        finally:
            run_on_mariadb(f"ALTER USER {self.user} ACCOUNT UNLOCK")


@pytest.fixture
def postgresql(databases: Databases) -> PostgreSQL:
    return PostgreSQL(databases)


@pytest.mark.parametrize(
    ("server", "vendor"),
    [(UVICORN, "postgresql"), (GUNICORN_GTHREAD, "postgresql"), (UVICORN, "mariadb")],
    ids=str,
)
def test_a_database_that_is_down_costs_no_word(
    server: Server, vendor: str, sites: Sites, standin: StandinProcess, databases: Databases
) -> None:
    database = PostgreSQL(databases) if vendor == "postgresql" else MariaDB(databases)
    site, other = sites.pair(server, vendor)
    caller = Caller(site.port)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(8)
    elsewhere = caller.to(other.port).follow(reply)
    elsewhere.until_text(8)
    with database.down():
        standin.release()
        assert stream.until("status") == "unsaved"
        assert stream.text == "one two three"
    assert stream.rest().done == "complete"
    assert elsewhere.rest().text == "one two three"
    assert elsewhere.done == "complete"
    row = caller.wait_for(reply, "one two three", "complete")
    assert row["usage"] is not None


CONNECTION_SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("CONN_MAX_AGE=0", {"CONN_MAX_AGE": 0}),
    ("CONN_MAX_AGE=60", {"CONN_MAX_AGE": 60}),
    ("CONN_MAX_AGE=None", {"CONN_MAX_AGE": None}),
    ("a pool", {"OPTIONS": {"pool": {"min_size": 1, "max_size": 3, "timeout": 10}}}),
]


@pytest.mark.parametrize(
    "settings", [s for _, s in CONNECTION_SETTINGS], ids=[n for n, _ in CONNECTION_SETTINGS]
)
@BOTH
def test_a_hundred_visitors_leave_and_no_connection_stays(
    server: Server,
    settings: dict[str, Any],
    sites: Sites,
    standin: StandinProcess,
    postgresql: PostgreSQL,
) -> None:
    if "OPTIONS" in settings and django.VERSION < (5, 1):
        pytest.skip("Django has a pool from 5.1 on")
    site = sites.start(server, "postgresql", database=settings)
    before = postgresql.connections()
    standin.always(Answer(["one ", "two"], hold_after=1))

    def come_and_go(_number: int) -> None:
        _reply, stream = Caller(site.port, polls=True).begin("Count")
        if stream is not None:
            stream.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, range(100)))
    standin.wait_for(lambda records: sum(record.held for record in records) == 100, timeout=60)
    allowed = before
    if "OPTIONS" in settings:
        allowed = max(before, settings["OPTIONS"]["pool"]["max_size"])
    elif settings["CONN_MAX_AGE"] != 0 and server.threads:
        allowed = max(before, server.threads)  # one for each thread, as with any page
    # Claude writes a hundred answers now, and all checkpoints share one connection.
    postgresql.wait_for_connections(allowed + 1)
    standin.release(100)
    standin.wait_for(lambda records: all(record.finished for record in records))
    postgresql.wait_for_connections(allowed)


@contextmanager
def locked(path: str, seconds: float) -> Iterator[None]:
    """Hold SQLite's write lock for a while, like another program."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(seconds, connection.rollback)
    timer.start()
    try:
        yield
    finally:
        timer.join()
        connection.close()


@BOTH
def test_sqlite_locked_is_waited_for(
    server: Server, sites: Sites, standin: StandinProcess, databases: Databases
) -> None:
    site = sites.start(server, "sqlite", database={"OPTIONS": {"timeout": 4}})
    path = databases.environ("sqlite")["SITECHAT_TEST_DB_NAME"]
    caller = Caller(site.port)
    standin.script(Answer(["one ", "two"], hold_after=1))
    with locked(path, 2.0):
        reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(4)
    with locked(path, 6.0):  # longer than the site waits: saving is tried again
        standin.release()
        stream.rest()
    assert (stream.text, stream.done) == ("one two", "complete")
    caller.wait_for(reply, "one two", "complete")
