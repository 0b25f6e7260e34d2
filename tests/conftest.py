"""Shared fixtures: the stand-in of Claude, visitors, and cleanup of the engine."""

from __future__ import annotations

import gc
import importlib
import itertools
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sitechat.claude import retries
from sitechat.engine import checkpoints, driver
from sitechat.engine.running_replies import live_ids, stop
from sitechat.engine.thread_pools import DATABASE_THREADS, workers
from sitechat.events import delivery_threads
from sitechat.knowledge.sources import registry, threaded_rendering
from sitechat.receivers import discover
from sitechat.reports import background_review, usage_catch_up
from sitechat.standin import Answer, Standin, pytest_plugin
from tests import rendered
from tests.fresh_process import fresh_process
from tests.indexed import put_help_pages
from tests.smaller import Smaller, make_smaller
from tests.visitor import Held, MakeVisitor, Visitor
from tests.waiting import until
from tests.wire import Response, Wire, answer, wire

CAN_CORRUPT_CONTEXTS = sys.version_info < (3, 12)
"""Before Python 3.12 the collector can run in the middle of `ContextVar.set`.

If it then closes a response that a test has dropped, Django sets another context variable, which
corrupts the context: the process crashes later. From 3.12 on it runs between bytecodes only.
"""
MEMORY = "/dev/shm"  # noqa: S108
"""A folder that Linux keeps in memory, so that nothing waits for a disk."""

_teardowns = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    if CAN_CORRUPT_CONTEXTS:
        gc.disable()
    # If the package is installed, pytest has already loaded its plugin.
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin)


DJANGO = frozenset({"claude_standin", "client", "db", "rf", "settings", "transactional_db"})
"""Fixtures that need Django. Fixtures such as `visitor` depend on one of them."""


SELECTED = re.compile(r"(database|long|nightly)\b(?!.*\bor\b)")
"""Matches a selection of tests that all have one marker, named in their file or `conftest.py`."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore files without the marker that all selected tests have. Imports take seconds."""
    selected = SELECTED.match(config.option.markexpr)
    if not selected or not collection_path.name.startswith("test_"):
        return None
    if collection_path.suffix != ".py":
        return None
    files = [collection_path, collection_path.parent / "conftest.py"]
    names_marker = any(
        re.search(rf"\bmark\.{selected[1]}\b", path.read_text(encoding="utf-8"))
        for path in files
        if path.exists()
    )
    return None if names_marker else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests as `pure` whose modules do not use Django, so its version does not matter.

    Nightly tests run only if they are asked for.
    """
    if "nightly" not in config.option.markexpr:
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        config.hook.pytest_deselected(items=nightly)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]
    uses_django: dict[Path, bool] = {}
    for item in items:
        if item.path not in uses_django:
            uses_django[item.path] = "django" in item.path.read_text(encoding="utf-8").lower()
        names = item.fixturenames if isinstance(item, pytest.Function) else ()
        process = item.get_closest_marker("servers") or item.get_closest_marker("browser")
        if not (uses_django[item.path] or process or DJANGO.intersection(names)):
            item.add_marker(pytest.mark.pure)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Exclude the collected tests and their imports from garbage collections, which are slow."""
    gc.disable()
    result = yield
    gc.freeze()
    if not CAN_CORRUPT_CONTEXTS:
        gc.enable()
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Wait for background work of a test before its tables are emptied."""
    marker = item.get_closest_marker("django_db")
    names = item.fixturenames if isinstance(item, pytest.Function) else ()
    if "transactional_db" in names or (marker and marker.kwargs.get("transaction")):
        pages = (threaded_rendering.visits(), threaded_rendering.rechecks())
        for work in (
            *pages,
            usage_catch_up.worker(),
            background_review.worker(),
            delivery_threads.threads(),
        ):
            assert work.wait(60), "the work in the background does not end"
    if CAN_CORRUPT_CONTEXTS:
        gc.collect(1 if next(_teardowns) % 100 else 2)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Use SQLite in a file: in memory, threads do not wait for each other's locks."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sitechat-", dir=memory) as folder:
        for alias, database in django_settings.DATABASES.items():
            if "sqlite3" in database["ENGINE"]:
                name = str(Path(folder) / f"{alias}.sqlite3")
                database.setdefault("TEST", {})["NAME"] = name
        yield


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: LiveServer) -> LiveServer:
    """Start the server after the test database is chosen.

    Before that the database is in memory, and the server's threads would share one connection,
    which they then close while others use it.
    """
    return live_server


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Reset the per-process state between tests."""
    with fresh_process():
        yield


@pytest.fixture(scope="session")
def _sdk() -> None:
    """Import the SDK, which takes seconds, before timeouts of tests start."""
    importlib.import_module("anthropic")


@pytest.fixture(scope="session")
def wire_server() -> Iterator[Wire]:
    """Return a server that answers requests to Claude with any bytes."""
    with wire(Response(answer())) as served:
        yield served


@pytest.fixture
def visitor(claude_standin: Standin, db: None, _sdk: None) -> Visitor:
    """Return a visitor whose replies end before the POST returns, in the test's transaction."""
    return Visitor()


@pytest.fixture
def owner(db: None) -> Client:
    """Return a client that is logged in to the admin."""
    from tests.owner import owner_client

    return owner_client()


@pytest.fixture
def unmigrated(transactional_db: None) -> Iterator[None]:
    """Remove the app's tables, as before the first `migrate`, but faster."""
    models = list(apps.get_app_config("sitechat").get_models())
    recorder = MigrationRecorder(connection)
    applied = list(recorder.migration_qs.filter(app="sitechat"))
    with connection.schema_editor() as editor:
        for model in reversed(models):
            editor.delete_model(model)
    recorder.migration_qs.filter(app="sitechat").delete()
    yield
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)
    recorder.migration_qs.bulk_create(applied)


@pytest.fixture
def index_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a separate search index for the test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def no_sources(index_folder: None) -> Iterator[None]:
    """Empty the registry during the test, so that only sources of the test exist."""
    with registry.emptied():
        discover()
        yield
    discover()


@pytest.fixture
def answers(settings: Settings) -> dict[str, rendered.Answer]:
    """Return the site's responses by path, initially empty."""
    settings.ROOT_URLCONF = rendered.__name__
    rendered.answers.clear()
    return rendered.answers


@pytest.fixture
def help_pages(index_folder: None, db: None) -> None:
    """Index four help pages of a shop."""
    put_help_pages()


@pytest.fixture
def live_visitor(
    claude_standin: Standin, transactional_db: None, _sdk: None
) -> Iterator[MakeVisitor]:
    """Return a function that creates visitors whose replies run in the engine's thread."""
    yield Visitor
    for reply_id in live_ids():
        stop(reply_id, None)
    until(lambda: not live_ids())  # a stop does not wait until the reply is saved
    _wait_for_checkpoints()


def _wait_for_checkpoints() -> None:
    """Wait for checkpoints, which may take longer than their replies."""
    pools = workers()
    _wait_until_idle(pools.checkpoints, 1)
    _wait_until_idle(pools.database, DATABASE_THREADS)


def _wait_until_idle(pool: Executor, threads: int) -> None:
    idle = threading.Barrier(threads + 1)
    for _ in range(threads):
        pool.submit(idle.wait, 60)
    idle.wait(60)


@pytest.fixture
def smaller(monkeypatch: pytest.MonkeyPatch) -> Smaller:
    """Return a function that lowers public, documented constants of a module."""
    return make_smaller(monkeypatch)


@pytest.fixture
def quick_retries(smaller: Smaller) -> None:
    """Retry failed requests without delay. Tests of retries check the delays."""
    smaller(retries, FIRST_WAIT=0)


@pytest.fixture
def quick_engine(smaller: Smaller) -> None:
    """Let the engine save and retry immediately instead of twice a second."""
    smaller(checkpoints, INTERVAL=0.02)
    smaller(driver, SAVE_AGAIN=0.01)


@pytest.fixture
def held(live_visitor: MakeVisitor, quick_engine: None, claude_standin: Standin) -> Held:
    """Return a visitor whose reply contains "One two" and waits before the rest."""
    claude_standin.script(Answer("One two three four five", hold_after=2))
    visitor = live_visitor()
    reply, rest = visitor.begin("Count")
    claude_standin.wait_for(lambda records: any(record.held for record in records))
    until(lambda: visitor.poll(reply)["text"] == "One two", every=0.05)
    return visitor, reply, rest
