"""Tests of the detection of servers; tests/servers tests real servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sitechat.runtime import servers


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    with servers.process_server.renewed():
        yield


@pytest.mark.parametrize(
    ("environ", "threads", "streams"),
    [
        ({"SERVER_SOFTWARE": "other", "wsgi.multithread": False}, 1, 0),
        ({"SERVER_SOFTWARE": "other", "wsgi.multithread": True}, 4, 2),
        ({"SERVER_SOFTWARE": "WSGIServer/0.2", "wsgi.multithread": True}, None, None),
    ],
)
def test_a_server_that_is_not_known_is_judged_by_what_it_says(
    environ: dict[str, Any], threads: int | None, streams: int | None
) -> None:
    server = servers.current_server(environ)
    assert (server.threads, server.streams) == (threads, streams)
    assert server.problem is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({b"http": b":8000"}, True),
        ({b"http": b":8000", b"enable-threads": True}, False),
        ({b"http": b":8000", b"threads": b"4"}, False),
    ],
)
def test_uwsgi_is_asked_for_threads(
    options: dict[bytes, Any], told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    assert bool(servers.current_server().problem) is told


def test_gevent_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    patched = SimpleNamespace(is_module_patched=lambda name: name == "threading")
    monkeypatch.setitem(sys.modules, "gevent.monkey", patched)
    assert "gthread" in (servers.current_server().problem or "")
