"""How many streams a server can spare; the real servers are in tests/servers."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from sitechat import servers
from sitechat.forks import PerProcess


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "serving", PerProcess(servers.Serving))


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


def test_places_are_given_out_and_back() -> None:
    first, second = servers.take_place(2), servers.take_place(2)
    assert first is not None
    assert second is not None
    assert servers.take_place(2) is None
    first.release()
    first.release()
    assert servers.take_place(2) is not None
    assert servers.take_place(2) is None
    assert servers.take_place(None) is not None


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
