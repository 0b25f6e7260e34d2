"""Tests of private names of other packages, each of which is used in only one module.

If a test here fails after an upgrade, change the named module.
"""

from __future__ import annotations

import ast
import inspect
import re
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"


@pytest.mark.parametrize(
    ("module", "function", "names"),
    [
        ("gunicorn.workers.base", "Worker.__init__", ("cfg", "alive")),
        ("gunicorn.workers.gthread", "ThreadWorker.run", ("self",)),
        ("gunicorn.workers.sync", "SyncWorker.run", ("self",)),
        ("uvicorn.server", "Server.__init__", ("self", "config")),
        ("hypercorn.asyncio.run", "asyncio_worker", ("config", "shutdown_event")),
        ("granian.server.mp", "MPServer._spawn_wsgi_worker", ("blocking_threads",)),
    ],
)
def test_servers_have_the_variables_that_runtime_servers_reads(
    module: str, function: str, names: tuple[str, ...]
) -> None:
    pytest.importorskip(module.partition(".")[0])
    target = import_module(module)
    for part in function.split("."):
        target = getattr(target, part)
    source = inspect.getsource(target)
    for name in names:
        assert name in source, f"{module}.{function} has no {name}: adapt runtime/servers.py"


@pytest.mark.parametrize("option", ["threads", "timeout", "graceful_timeout"])
def test_gunicorn_has_the_options_that_runtime_servers_reads(option: str) -> None:
    config = pytest.importorskip("gunicorn.config")
    assert option in config.Config().settings, "adapt runtime/servers.py"


def test_asgiref_has_the_contexts_that_runtime_threads_ends() -> None:
    from asgiref.sync import AsyncToSync, SyncToAsync

    for name in ("thread_sensitive_context", "context_to_thread_executor"):
        assert hasattr(SyncToAsync, name), f"asgiref has no {name}: adapt runtime/daemon_threads.py"
    assert hasattr(AsyncToSync, "executors"), (
        "asgiref has no executors: adapt runtime/request_steps.py"
    )


def test_django_handles_requests_as_early_gate_and_the_middleware_expect() -> None:
    from django.core.handlers.asgi import ASGIHandler

    assert "self.handle(scope, receive, send)" in inspect.getsource(ASGIHandler.__call__), (
        "the handler calls another method: adapt http/early_admission.py"
    )
    assert inspect.iscoroutinefunction(ASGIHandler.send_response), "adapt http/early_admission.py"
    assert "self.load_middleware(" in inspect.getsource(ASGIHandler.__init__), (
        "the handler loads its middleware in another method: adapt middleware.py"
    )


def test_django_does_not_log_a_response_that_dispatch_marks() -> None:
    from django.utils.log import log_response

    assert '"_has_been_logged"' in inspect.getsource(log_response), "adapt http/error_responses.py"


def test_django_has_the_attributes_that_admin_keyset_sets() -> None:
    from django.contrib.admin.views.main import ChangeList

    source = inspect.getsource(ChangeList)
    for name in ("params", "result_list", "result_count", "full_result_count", "multi_page"):
        assert f"self.{name}" in source, (
            f"ChangeList has no {name}: adapt admin/keyset_pagination.py"
        )


def test_connections_list_their_callbacks_as_index_saved_objects_reads_them() -> None:
    from django.db import DEFAULT_DB_ALIAS
    from django.db.backends.sqlite3.base import DatabaseWrapper

    connection = DatabaseWrapper({"AUTOCOMMIT": True}, DEFAULT_DB_ALIAS)
    connection.in_atomic_block = True
    callback = partial(print, "committed")
    connection.on_commit(callback)
    [entry] = connection.run_on_commit
    assert entry[1] is callback, (
        "connections list callbacks in another way: adapt index/saved_objects.py"
    )


ALLOWED = {
    "runtime/servers.py": {"_current_frames"},  # documented, for one thread's stack
    "middleware.py": {"_getframe"},  # documented; see test_middleware.py
}
PRIVATE = re.compile(r"(?<!\bself)(?<!\bcls)\._(?!_)")
"""Matches the source of each module that may use such an attribute. Parsing it is expensive."""

DOCUMENTED = {"_meta", "_default_manager", "_db", "_replace"}


def test_no_other_private_attributes_are_used() -> None:
    used = {}
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        source = path.read_text(encoding="utf-8")
        if "migrations" in path.parts or not PRIVATE.search(source):
            continue
        tree = ast.parse(source)
        own = {
            *(node.name for node in ast.walk(tree) if hasattr(node, "name")),
            *(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
              and isinstance(node.ctx, ast.Store)),
        }  # fmt: skip
        foreign = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        }
        foreign -= own | DOCUMENTED | ALLOWED.get(name, set())
        if foreign:
            used[name] = sorted(foreign)
    assert not used
