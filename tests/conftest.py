"""What the tests share: the stand-in of Claude, visitors, and an engine that ends with its test."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from sitechat import claude, engine
from sitechat.knowledge.discovery import discover
from sitechat.knowledge.sources import registry
from sitechat.standin import Answer, Standin, pytest_plugin
from tests import rendered
from tests.indexed import put_help_pages
from tests.visitor import Held, MakeVisitor, Visitor, until


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
def index_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search index of this test is its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def no_sources(index_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only sources that the test declares give pages."""
    monkeypatch.setattr(registry, "_classes", {})
    discover()


@pytest.fixture
def answers(settings: Settings) -> dict[str, rendered.Answer]:
    """What the site's paths answer, empty at first."""
    settings.ROOT_URLCONF = rendered.__name__
    rendered.answers.clear()
    return rendered.answers


@pytest.fixture
def help_pages(index_folder: None, db: None) -> None:
    """Four pages of a shop's help are indexed."""
    put_help_pages()


@pytest.fixture
def live_visitor(
    claude_standin: Standin, transactional_db: None, _sdk: None
) -> Iterator[MakeVisitor]:
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


@pytest.fixture
def quick_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine writes down and tries again at once, not twice a second."""
    monkeypatch.setattr(engine, "CHECKPOINT", 0.02)
    monkeypatch.setattr(engine, "SAVE_AGAIN", 0.01)


@pytest.fixture
def held(live_visitor: MakeVisitor, quick_engine: None, claude_standin: Standin) -> Held:
    """A visitor whose reply has said "One two" and waits to say the rest."""
    claude_standin.script(Answer("One two three four five", hold_after=2))
    visitor = live_visitor()
    reply, rest = visitor.begin("Count")
    claude_standin.wait_for(lambda records: any(record.held for record in records))
    until(lambda: visitor.poll(reply)["text"] == "One two")
    return visitor, reply, rest
