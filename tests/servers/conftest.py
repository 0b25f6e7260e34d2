"""Fixtures of the server tests: databases, the stand-in of Claude and real servers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sitechat.standin import Answer, StandinProcess
from tests import chromium
from tests.forks import run_django
from tests.prepared import environ_with, migrated_sqlite
from tests.servers import proxies, table
from tests.servers.callers import Caller, Stream
from tests.servers.sites import GUNICORN_GTHREAD, SERVERS, UVICORN, Server, Site
from tests.servers.table import parameters

SETTINGS = "tests.servers.settings"
DATABASES = ("sqlite", "postgresql", "mariadb")
USUAL = (GUNICORN_GTHREAD, UVICORN)
"""One server of each kind: WSGI and ASGI."""
MAINLY_UVICORN = (UVICORN, pytest.param(GUNICORN_GTHREAD, marks=pytest.mark.long))
"""The same for slow tests: one in each run, the other in `make test-all`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write docs/servers.md's tables")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "on(server): the server that a test without parameters uses")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    chromium.stop_unless_used_by(nextitem)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    config.stash[table.COLLECTED] = ours
    if config.getoption("--write-table"):
        table.PAGE.write_text(table.page(table.guarantees(ours)))
    for item in ours:
        item.add_marker(pytest.mark.servers)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(120))
        if _needs_others(item):
            item.add_marker(pytest.mark.long)
            if not item.get_closest_marker("smoke") and _needs_other_server(item):
                item.add_marker(pytest.mark.nightly)


def _needs_other_server(item: pytest.Item) -> bool:
    return any(isinstance(value, Server) and value not in USUAL for value in parameters(item))


def _needs_others(item: pytest.Item) -> bool:
    """Return whether a test needs a server or database that is not in every run."""
    return any(
        value not in USUAL if isinstance(value, Server) else value in DATABASES[1:]
        for value in parameters(item)
        if isinstance(value, Server | str)
    )


@pytest.fixture(scope="session")
def standin() -> Iterator[StandinProcess]:
    with StandinProcess() as process:
        yield process


@pytest.fixture(autouse=True)
def _fresh_standin(standin: StandinProcess) -> Iterator[None]:
    standin.clear()
    yield
    standin.clear()


class Databases:
    """The databases of the sites, each created once."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self.folder = factory.mktemp("databases")
        self._factory = factory
        self._made: dict[str, dict[str, str]] = {}

    def environ(self, vendor: str) -> dict[str, str]:
        """Return the environment for a vendor's database. Skip the test if it is not available."""
        if vendor not in self._made:
            name = f"sitechat_servers_{os.getpid()}"
            if vendor == "sqlite":
                name = self.copy_of_sqlite(self.folder)
            elif vendor == "postgresql":
                run_on_postgresql(f"CREATE DATABASE {name}")
            else:  # the sites have a separate user, whose access a test can revoke
                run_on_mariadb(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
                run_on_mariadb(f"CREATE USER {name}")
                run_on_mariadb(f"GRANT ALL ON {name}.* TO {name}")
            environ = {"SITECHAT_TEST_DB": vendor, "SITECHAT_TEST_DB_NAME": name}
            if vendor == "mariadb":
                environ["SITECHAT_TEST_DB_USER"] = name
            if vendor != "sqlite":
                run_django("migrate", "-v0", environ=environ_with(SETTINGS, **environ))
            self._made[vendor] = environ
        return self._made[vendor]

    def copy_of_sqlite(self, folder: Path) -> str:
        """Return the name of a new database without rows."""
        return str(shutil.copy(migrated_sqlite(self._factory), folder))

    def drop(self) -> None:
        for vendor, environ in self._made.items():
            name = environ["SITECHAT_TEST_DB_NAME"]
            if vendor == "postgresql":
                run_on_postgresql(f"DROP DATABASE {name} WITH (FORCE)")
            elif vendor == "mariadb":
                run_on_mariadb(f"DROP DATABASE {name}")
                run_on_mariadb(f"DROP USER {name}")


def run_on_postgresql(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement as PostgreSQL's administrator and return its rows."""
    psycopg = pytest.importorskip("psycopg")
    host, user = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGUSER", "postgres")
    try:
        connection = psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL: {error}")
    with connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def run_on_mariadb(statement: str) -> None:
    """Run a statement as MariaDB's administrator."""
    driver = pytest.importorskip("MySQLdb")
    try:
        connection = driver.connect(host="127.0.0.1", user="root")
    except driver.OperationalError as error:
        pytest.skip(f"MariaDB: {error}")
    connection.query(statement)
    connection.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(tmp_path_factory)
    yield made
    made.drop()


class Sites:
    """A factory of sites, which stops all of them."""

    _numbers = count(1)

    def __init__(self, databases: Databases, standin: StandinProcess, folder: Path) -> None:
        self._databases = databases
        self._standin = standin
        self._folder = folder
        self._stack = ExitStack()

    def make(
        self,
        server: Server,
        vendor: str = "sqlite",
        environ: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> Site:
        """Return a site that is not started. Settings become `SITE_...` variables, as JSON."""
        if not server.installed:
            pytest.skip(f"{server.package} is not installed")
        variables = {
            **self._databases.environ(vendor),
            "ANTHROPIC_BASE_URL": self._standin.url,
            "ANTHROPIC_API_KEY": "sk-standin",
            "SITE_CACHE": str(self._folder / "cache"),
            **{f"SITE_{name.upper()}": json.dumps(value) for name, value in settings.items()},
            **(environ or {}),
        }
        log = self._folder / f"{server.name} {next(self._numbers)}.log"
        site = Site(server, variables, log)
        self._stack.callback(lambda: site.kill() if hasattr(site, "process") else None)
        return site

    def start(self, server: Server, vendor: str = "sqlite", **settings: Any) -> Site:
        site = self.make(server, vendor, **settings).start()
        self.warm_up(site)
        return site

    def pair(self, server: Server, vendor: str = "sqlite", **settings: Any) -> tuple[Site, Site]:
        """Start two processes of one site, like two workers or two hosts."""
        both = (self.make(server, vendor, **settings), self.make(server, vendor, **settings))
        for site in both:
            site.launch()
        for site in both:
            site.wait_until_up()
            self.warm_up(site)
        return both

    def warm_up(self, site: Site) -> None:
        """Warm up a process, whose first reply takes seconds."""
        self._standin.script("Ready.")
        caller = Caller(site.port, polls=True)
        reply, stream = caller.begin("Ready?")
        if stream is not None:
            stream.rest()
        caller.wait_for_end(reply)
        self._standin.clear()

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sites")


@pytest.fixture
def sites(databases: Databases, standin: StandinProcess, log_folder: Path) -> Iterator[Sites]:
    """Return a factory for tests that need their own site."""
    made = Sites(databases, standin, log_folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_sites(
    databases: Databases, standin: StandinProcess, log_folder: Path
) -> Iterator[Sites]:
    made = Sites(databases, standin, log_folder)
    yield made
    made.close()


def _listen(port: int) -> Stream:
    return Caller(port).send("Think").rest()


@pytest.fixture(scope="session", autouse=True)
def long_silence(
    request: pytest.FixtureRequest,
    databases: Databases,
    log_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Future[Stream]]]:
    """Start visitors behind nginx who wait for Claude for SILENCE, while other tests run."""
    asked = any("long_silence" in getattr(i, "originalname", "") for i in request.session.items)
    with ExitStack() as stack:
        futures: list[Future[Stream]] = []
        if asked and proxies.installed():
            thinking = stack.enter_context(StandinProcess())
            thinking.always(Answer(["one ", "two"], first_delay=0, delay=proxies.SILENCE))
            pool = stack.enter_context(ThreadPoolExecutor(2))
            sites = Sites(databases, thinking, log_folder)
            for server in (UVICORN, GUNICORN_GTHREAD):
                site = sites.make(server).start()
                folder = tmp_path_factory.mktemp("nginx") / "nginx"
                nginx = stack.enter_context(proxies.Nginx(site.port, folder))
                futures.append(pool.submit(_listen, nginx.port))
            stack.callback(sites.close)
        yield futures


PAIRS = [
    *((server, "sqlite") for server in SERVERS),
    *((server, vendor) for server in (GUNICORN_GTHREAD, UVICORN) for vendor in DATABASES[1:]),
]


@pytest.fixture(scope="session", params=PAIRS, ids=lambda pair: f"{pair[0]} on {pair[1]}")
def pair(
    request: pytest.FixtureRequest,
    databases: Databases,
    standin: StandinProcess,
    log_folder: Path,
) -> Iterator[tuple[Site, Site]]:
    """Return two processes of a site, on each of the servers."""
    made = Sites(databases, standin, log_folder)
    yield made.pair(*request.param)
    made.close()
