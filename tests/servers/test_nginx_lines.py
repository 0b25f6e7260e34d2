"""Tests of the configuration for nginx in docs/deploy.md."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers import proxies
from tests.servers.callers import Caller
from tests.servers.conftest import Sites
from tests.servers.proxies import Nginx
from tests.servers.sites import GUNICORN_GTHREAD, ROOT, UVICORN, Server, Site

pytestmark = pytest.mark.skipif(not proxies.installed(), reason="nginx is not installed")

KINDS = {"ASGI": UVICORN, "WSGI": GUNICORN_GTHREAD}
MEGABYTE = 1 << 20
UPSTREAM = "http://127.0.0.1:8000"

Start = Callable[..., Nginx]


def documented_lines() -> tuple[str, str]:
    """Return the lines outside of `server` and those in it."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    [beside] = [block for block in blocks if block.startswith("limit_conn_zone")]
    [inside] = [block for block in blocks if block.startswith("location /api/chat/")]
    return beside, inside


@pytest.fixture(scope="module", params=["ASGI", pytest.param("WSGI", marks=pytest.mark.long)])
def site(request: pytest.FixtureRequest, shared_sites: Sites) -> Iterator[Site]:
    server: Server = KINDS[request.param]
    site = shared_sites.start(server)
    yield site
    site.kill()


@pytest.fixture
def nginx(site: Site, tmp_path: Path) -> Iterator[Start]:
    """Start nginx with the documented lines, in which `changed` replaces values."""
    started: list[Nginx] = []

    def start(**changed: str) -> Nginx:
        beside, inside = documented_lines()
        assert UPSTREAM in inside
        inside = inside.replace(UPSTREAM, f"http://127.0.0.1:{site.port}")
        for name, value in changed.items():
            inside, count = re.subn(rf"{name} [^;]+;", f"{name} {value};", inside)
            assert count == 1
        made = Nginx(site.port, tmp_path / "nginx", beside_server=beside, in_server=inside)
        started.append(made.start())
        return made

    yield start
    for made in started:
        made.__exit__(None, None, None)


def test_visitors_chat_as_before(nginx: Start, standin: StandinProcess) -> None:
    standin.script("Rye bread.")
    longest = "\N{GRINNING FACE}" * 2000
    stream = Caller(nginx().port).send(longest).rest()
    assert (stream.text, stream.done) == ("Rye bread.", "complete")


def send_chunks(port: int, size: int) -> tuple[int, bytes]:
    """Send a body without Content-Length until a response arrives; return both."""
    head = "POST /api/chat/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        while sent < size and not select.select([connection], [], [], 0)[0]:
            try:
                connection.sendall(chunk)
            except ConnectionError:
                break
            sent += len(chunk)
        try:
            return sent, connection.recv(1000)
        except ConnectionResetError:
            return sent, b""


def test_a_body_that_is_too_large_is_refused_before_it_has_come(
    nginx: Start, standin: StandinProcess
) -> None:
    sent, answer = send_chunks(nginx().port, 300 * MEGABYTE)
    # The kernel's buffers may contain sent bytes that nginx did not read.
    assert sent < 20 * MEGABYTE
    assert answer.startswith(b"HTTP/1.1 413") or not answer
    assert not standin.requests


def test_a_body_that_stops_coming_is_given_up(nginx: Start) -> None:
    port = nginx(client_body_timeout="1s").port
    head = "POST /api/chat/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f'{head}Content-Length: 100\r\n\r\n{{"mess'.encode())
        answer = connection.recv(1000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_an_address_has_so_many_calls_open_at_once(nginx: Start, standin: StandinProcess) -> None:
    port = nginx(limit_conn="chat 2").port
    standin.always(Answer(["One ", "two"], hold_after=1))
    streams = []
    for _ in range(2):
        _reply, stream = Caller(port).begin("Count")
        assert stream is not None
        stream.until_text(4)
        streams.append(stream)
    assert Caller(port).call("GET", "/api/chat/").status == 503
    assert Caller(port).call("GET", "/").status == 200
    standin.release(2)
    for stream in streams:
        assert stream.rest().done == "complete"
