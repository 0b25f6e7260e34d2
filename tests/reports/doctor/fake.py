"""A server that answers like a deployed chat, with selected faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sitechat.conversations import command_signature

PAGE = """<!doctype html><title>Shop</title>
<site-chat endpoint="/api/chat/"{more}></site-chat>
<script src="/static/sitechat/site-chat.js" defer></script>"""

CSP = "Content-Security-Policy"
POLICIES = (
    ("policy", CSP, "default-src 'self'"),
    ("policy against scripts", CSP, "script-src cdn.example.org"),
    ("policy against calls", CSP, "script-src 'self'; connect-src 'none'"),
    ("policy against all", CSP, "default-src 'none'"),
)

Start = Callable[..., "FakeSite"]


class FakeSite(ThreadingHTTPServer):
    """A site with the chat on its home page."""

    daemon_threads = True

    def __init__(self, *faults: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults = set(faults)
        self.left = 60
        self.release = threading.Event()
        self.requests: list[tuple[str, str]] = []
        """The method and path of each request."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FakeSite
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append(("GET", self.path))
        if self.path == "/api/chat/":
            self._show()
        elif self.path in ("/", "/about/"):
            self._page()
        elif self.path == "/old/":
            self._send(301, b"", "text/html", {"Location": "/"})
        elif self.path == "/circle/":
            self._send(302, b"", "text/html", {"Location": "/circle/"})
        elif self.path.startswith("/static/"):
            self._script()
        else:
            self._send(404, b"<h1>Not found</h1>", "text/html")

    def do_DELETE(self) -> None:
        self.server.requests.append(("DELETE", f"{self.path} {self.headers.get('Cookie')}"))
        self._send(204, b"", "text/html")

    def do_POST(self) -> None:
        self.server.requests.append(("POST", self.path))
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

    def _show(self) -> None:
        faults = self.server.faults
        if "not set up" in faults:
            self._json(503, {"error": "not_configured"})
            return
        left = self.server.left - ("shared address" in faults) * 7
        if "believes anybody" in faults and "X-Forwarded-For" in self.headers:
            left = 60
        limits: Any = [{"scope": "ip", "unit": "messages", "limit": 60, "left": left}]
        if "no limits" in faults:
            limits = []
        if "strange limits" in faults:
            limits = [5, {"scope": "ip", "unit": "messages", "left": "\x1b[2J"}]
        self._json(200, {"messages": [], "limits": limits})

    def _page(self) -> None:
        faults = self.server.faults
        text = PAGE.format(more=' bot="support"' if "names a bot" in faults else "")
        if "no tag" in faults:
            text = "<!doctype html><title>Shop</title>"
        if "no script" in faults:
            text = text.partition("<script")[0]
        if "panel" in faults:
            text = text.replace("<site-chat ", '<site-chat panel="/static/site-chat-panel.js" ')
        policy = {name: value for fault, name, value in POLICIES if fault in faults}
        self._send(500 if "broken page" in faults else 200, text.encode(), "text/html", policy)

    def _script(self) -> None:
        if "no static files" in self.server.faults or "panel" in self.path:
            self._send(404, b"<h1>Not found</h1>", "text/html")
        elif "static files are pages" in self.server.faults:
            self._send(200, b"<!doctype html>", "text/html")
        else:
            self._send(200, b"customElements", "text/javascript; charset=utf-8")

    def _json(self, status: int, data: dict[str, Any]) -> None:
        self._send(status, json.dumps(data).encode(), "application/json")

    def _send(
        self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
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
        self.send_header("Set-Cookie", f"sessionid=visitor{self.server.left}; Path=/")
        mark = command_signature.command_of(self.headers.get(command_signature.HEADER))
        if mark is not None and "drops headers" not in faults:
            self.send_header(command_signature.HEADER, mark)
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
