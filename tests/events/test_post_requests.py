"""Tests of requests to webhooks: their addresses and time limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import pytest

from sitechat.events import post_requests
from sitechat.events.post_requests import PostFailed, post
from tests.events.receiver import Receiver, receiver
from tests.smaller import Smaller
from tests.waiting import paced


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def test_a_request_arrives(server: Receiver) -> None:
    post(server.url, b"{}", {"X-A": "1"}, allow_private=True)
    [request] = server.requests
    assert (request.path, request.body, request.headers["X-A"]) == ("/hook/?a=1", b"{}", "1")


def test_a_private_network_is_not_reached(server: Receiver) -> None:
    for host in ("127.0.0.1", "localhost", "2130706433", "127.1"):
        with pytest.raises(PostFailed, match="private network"):
            post(server.url.replace("127.0.0.1", host), b"{}", {}, allow_private=False)
    assert server.requests == []


@pytest.mark.parametrize(("status", "unreachable"), [(302, True), (404, False), (503, True)])
def test_other_statuses_than_2xx_fail(server: Receiver, status: int, unreachable: bool) -> None:
    server.status = status
    with pytest.raises(PostFailed, match=str(status)) as failed:
        post(server.url, b"{}", {}, allow_private=True)
    assert failed.value.unreachable is unreachable
    assert len(server.requests) == 1


def silent(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def slow(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        for _ in paced(3, every=0.05):
            handler.wfile.write(b"H")


@pytest.mark.parametrize("respond", [silent, slow])
def test_a_server_that_hangs_times_out(server: Receiver, smaller: Smaller, respond: object) -> None:
    smaller(post_requests, TIMEOUT=0.3)
    server.respond = respond  # type: ignore[assignment]
    with pytest.raises(PostFailed, match="No answer within"):
        post(server.url, b"{}", {}, allow_private=True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", "https://127.0.0.1:1/"]
)
def test_an_unreachable_server_fails(url: str) -> None:
    with pytest.raises(PostFailed) as failed:
        post(url, b"{}", {}, allow_private=True)
    assert failed.value.unreachable


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "/hook/", "http:///a"])
def test_other_addresses_than_those_of_the_web_are_refused(url: str) -> None:
    with pytest.raises(PostFailed, match="must begin with http"):
        post(url, b"{}", {}, allow_private=True)
