"""What the tests share: the stand-in of Claude, visitors, and an engine that ends with its test."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client

from sitechat import claude, engine
from sitechat.standin import Standin, pytest_plugin
from tests.visitor import Visitor


def pytest_configure(config: pytest.Config) -> None:
    # Where the package is installed, pytest has loaded its plugin already.
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """SQLite in a file: in memory, threads that share it do not wait for each other's locks."""
    for database in django_settings.DATABASES.values():
        if "sqlite3" in database["ENGINE"]:
            name: Path = tmp_path_factory.mktemp("database") / "test.sqlite3"
            database.setdefault("TEST", {})["NAME"] = str(name)


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Nothing that one test's process remembers reaches the next test."""
    yield
    claude.breaker.worked()
    cache.clear()


@pytest.fixture(scope="session")
def _sdk() -> None:
    """The SDK takes seconds to import: no test's clock should run meanwhile."""
    importlib.import_module("anthropic")


@pytest.fixture
def visitor(claude_standin: Standin, db: None, _sdk: None) -> Visitor:
    """A visitor whose replies have ended when the POST returns, inside the test's transaction."""
    return Visitor()


@pytest.fixture
def owner(db: None) -> Client:
    """A client of the site's owner, who is logged in to the admin."""
    from tests.owner import owner_client

    return owner_client()


@pytest.fixture
def live_visitor(
    claude_standin: Standin, transactional_db: None, _sdk: None
) -> Iterator[Callable[[], Visitor]]:
    """Makes visitors whose replies run in the engine, on its thread, while the test goes on."""
    yield Visitor
    for reply_id in list(engine._here().live):
        engine.stop(reply_id, None)
    _wait_for_checkpoints()


def _wait_for_checkpoints() -> None:
    """A checkpoint may outlast the reply that it is of, and must not meet the next test."""
    process = engine._here()
    for each in filter(None, [process.background, *process.engines.values()]):
        idle = threading.Barrier(engine.DATABASE_THREADS + 1)
        for _ in range(engine.DATABASE_THREADS):
            wait = partial(each._threads.submit, idle.wait, 10)
            if each.loop.is_running():
                each.loop.call_soon_threadsafe(wait)
            else:
                wait()
        idle.wait(10)
