"""chat_doctor: what it finds on deployments that are right, and on those that are not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from sitechat.owner.deployment import Deployment
from sitechat.owner.doctor import Finding, examine
from sitechat.standin import Standin
from sitechat.standin.script import Answer

RIGHT = [
    "It answers",
    "Other sites' pages are refused",
    "The site's own pages are heard",
    "Browsers that send no Sec-Fetch-Site are heard",
    "Visitors do not share an address",
    "Answers stream",
    "Headers of a stream",
    "Made-up addresses are not believed",
    "Many at once",
]


class FakeChat(ThreadingHTTPServer):
    """Answers as a deployed chat does, but for its faults."""

    daemon_threads = True

    def __init__(self, *faults: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults = set(faults)
        self.left = 60
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/"


class Handler(BaseHTTPRequestHandler):
    server: FakeChat
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        faults = self.server.faults
        if "not the chat" in faults:
            self._json(404, {"detail": "nothing"})
            return
        left = self.server.left - ("shared address" in faults) * 7
        if "believes anybody" in faults and "X-Forwarded-For" in self.headers:
            left = 60
        limits = [{"scope": "ip", "unit": "messages", "limit": 60, "left": left}]
        self._json(200, {"messages": [], "limits": [] if "no limits" in faults else limits})

    def do_POST(self) -> None:
        faults = self.server.faults
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        own = self.headers.get("Origin") == f"http://127.0.0.1:{self.server.server_port}"
        foreign = self.headers.get("Sec-Fetch-Site") == "cross-site"
        if "Host is changed" in faults and "Origin" in self.headers and not foreign:
            own = self.headers.get("Sec-Fetch-Site") == "same-origin"
        if "hears everybody" in faults:
            own = True
        if "Origin" in self.headers and not own:
            self._json(403, {"error": "forbidden_origin"})
        elif not data["message"]:
            self._json(400, {"error": "empty_message"})
        elif "limited" in faults and self.server.left < 60:
            self._json(429, {"error": "rate_limited"})
        else:
            self.server.left -= 1
            self._stream()

    def _json(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        faults = self.server.faults
        pieces = [b": open\n\n", b'data: {"t": "Hello"}\n\n']
        if "Claude fails" in faults:
            pieces.append(b'data: {"error": "api_error"}\n\n')
        pieces.append(b"data: [DONE]\n\n" if "cut" not in faults else b"")
        if "empty" in faults or ("later ones empty" in faults and self.server.left < 59):
            pieces = []
        if "buffered" in faults:
            self._pause()
            pieces = [b"".join(pieces)]
        self.send_response(200)
        kind = "text/html" if "rewritten" in faults else "text/event-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for n, piece in enumerate(pieces):
            if n == len(pieces) - 1 and n and "quick" not in faults:
                self._pause()
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _pause(self) -> None:
        self.server.release.wait(0.4)


@pytest.fixture
def fake() -> Iterator[Any]:
    servers: list[FakeChat] = []

    def start(*faults: str) -> FakeChat:
        server = FakeChat(*faults)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def findings(server: FakeChat, streams: int = 2) -> dict[str, Finding]:
    return {each.point: each for each in examine(Deployment(server.url), streams)}


def test_a_right_deployment_is_right_in_all_points(fake: Any) -> None:
    found = findings(fake())
    assert list(found) == RIGHT
    assert all(each.right for each in found.values()), found


@pytest.mark.parametrize(
    ("fault", "point", "right"),
    [
        ("not the chat", "It answers", False),
        ("hears everybody", "Other sites' pages are refused", False),
        ("Host is changed", "Browsers that send no Sec-Fetch-Site are heard", False),
        ("shared address", "Visitors do not share an address", None),
        ("no limits", "Visitors do not share an address", None),
        ("no limits", "Made-up addresses are not believed", None),
        ("believes anybody", "Made-up addresses are not believed", False),
        ("buffered", "Answers stream", False),
        ("quick", "Answers stream", None),
        ("cut", "Answers are complete", False),
        ("empty", "Answers are complete", False),
        ("later ones empty", "Many at once", False),
        ("rewritten", "Headers of a stream", False),
        ("Claude fails", "Claude answers", False),
        ("limited", "Many at once", None),
    ],
)
def test_each_fault_is_found(
    fake: Any, monkeypatch: pytest.MonkeyPatch, fault: str, point: str, right: bool | None
) -> None:
    monkeypatch.setattr(Deployment, "is_local", False)
    found = findings(fake(fault))
    assert found[point].right is right, found
    assert found[point].advice or "CHAT_LIMITS" in found[point].seen
    wrong = [each.point for each in found.values() if each.right is False]
    assert wrong == ([point] if right is False else [])


def test_a_server_may_believe_its_own_machine(fake: Any) -> None:
    found = findings(fake("believes anybody"), streams=0)
    assert found["Made-up addresses are not believed"].right is None


@pytest.mark.parametrize(
    ("url", "local"),
    [
        *(("http://localhost:8000/", True), ("http://[::1]/", True), ("http://127.0.0.1/", True)),
        *(("https://example.org/", False), ("http://192.0.2.1/", False)),
    ],
)
def test_which_addresses_are_this_machine(url: str, local: bool) -> None:
    assert Deployment(url).is_local is local


def test_a_server_that_is_not_there_is_said_to_be_so(fake: Any) -> None:
    server = fake()
    url = server.url
    server.shutdown()
    server.server_close()
    (finding,) = examine(Deployment(url), 0)
    assert finding.right is False
    assert "Error" in finding.seen


def test_the_command_tells_each_point_and_fails_where_one_is_wrong(
    fake: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("chat_doctor", url=fake().url, streams=0)
    assert capsys.readouterr().out.count("right  ") == len(RIGHT) - 1
    with pytest.raises(CommandError, match="1 of these points is wrong"):
        call_command("chat_doctor", url=fake("rewritten").url, streams=0)
    assert "WRONG  Headers of a stream" in capsys.readouterr().out


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "http://", "https:///api/", "http://[::1/", "http://a b/"),
        *("http://localhost:99999/", "http://localhost:abc/", "https://a..b/", "http://a\x00b/"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match="is no address"):
        call_command("chat_doctor", url=url)


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://example.org/ä b/%C3%B6", "https://example.org", "/%C3%A4%20b/%C3%B6/chat/"),
        ("bücher.example", "https://xn--bcher-kva.example", "/chat/"),
        ("https://me:secret@example.org:8443/", "https://example.org:8443", "/chat/"),
        ("http://[::1]:8000/api/", "http://[::1]:8000", "/api/chat/"),
    ],
)
def test_addresses_are_written_as_browsers_write_them(url: str, origin: str, path: str) -> None:
    site = Deployment(url)
    assert (site.origin, site.path) == (origin, path)


def test_a_negative_number_of_streams_is_refused() -> None:
    with pytest.raises(CommandError, match="0 or more"):
        call_command("chat_doctor", url="example.org", streams=-1)


@pytest.mark.servers
def test_the_chat_itself_is_examined(live_server: Any, claude_standin: Standin) -> None:
    claude_standin.always(Answer("One. Two. Three.", delay=0.2))
    found = {each.point: each for each in examine(Deployment(f"{live_server.url}/api/"), 0)}
    assert list(found) == RIGHT[:-1]
    assert all(each.right for each in found.values()), found
