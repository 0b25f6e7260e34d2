"""A server that answers requests to Claude with arbitrary bytes."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

RESET = struct.pack("ii", 1, 0)
MAX_HOLD = 30.0
TLS_HELLO = b"\x16"


@dataclass(frozen=True)
class Response:
    """The server's response to a request."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    chunk: int = 0
    """Bytes of the body that are sent at once; 0 for all."""
    hold: bool = False
    """Whether the connection stays open after the body until the client disconnects."""
    cut: bool = False
    """Whether the connection is reset after the body."""
    before_headers: bool = False
    """Whether the connection is reset before any byte is sent."""


class Wire:
    """A server that sends its responses in order and repeats the last one."""

    def __init__(self, url: str, responses: Iterable[Response]) -> None:
        self.url = url
        self.requests: list[dict[str, Any]] = []
        self.connections = 0
        self._responses = list(responses)
        self._lock = threading.Lock()

    def answer(self, *responses: Response) -> None:
        """Replace the responses."""
        with self._lock:
            self._responses = list(responses)

    def take(self, request: dict[str, Any]) -> Response:
        with self._lock:
            self.requests.append(request)
            return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]


@contextmanager
def wire(*responses: Response) -> Iterator[Wire]:
    """Serve the responses on a free port of 127.0.0.1."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            served.connections += 1
            while request := self._request():
                if not self._send(served.take(request)):
                    return

        def _request(self) -> dict[str, Any]:
            length = 0
            line = b""
            if self.rfile.peek(1)[:1] == TLS_HELLO:  # type: ignore[attr-defined]
                return {}
            while line != b"\r\n":
                line = self.rfile.readline()
                if not line:
                    return {}
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            data: dict[str, Any] = json.loads(self.rfile.read(length))
            return data

        def _send(self, response: Response) -> bool:
            """Send a response and return whether the connection can serve another request."""
            headers = {"content-type": response.content_type, **response.headers}
            head = f"HTTP/1.1 {response.status} X\r\ntransfer-encoding: chunked\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
            try:
                if response.before_headers:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    return False
                self.wfile.write(f"{head}\r\n".encode())
                size = response.chunk or len(response.body) or 1
                for at in range(0, len(response.body), size):
                    piece = response.body[at : at + size]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                if response.cut:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    return False
                if response.hold:
                    self.connection.settimeout(MAX_HOLD)
                    self.connection.recv(1)
                    return False
                self.wfile.write(b"0\r\n\r\n")
                self.wfile.flush()
            except OSError:
                return False
            return True

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        served = Wire(f"http://127.0.0.1:{server.server_address[1]}", responses)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


# Events as Claude sends them


def event(data: Any, name: str | None = "") -> bytes:
    """Return an event, by default named by the type of its data; None omits the name."""
    if name == "":
        name = data["type"]
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def start(**usage: Any) -> bytes:
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-7",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage or {"input_tokens": 100, "output_tokens": 1},
    }
    return event({"type": "message_start", "message": message})


def block(index: int = 0, **fields: Any) -> bytes:
    content = fields or {"type": "text", "text": ""}
    return event({"type": "content_block_start", "index": index, "content_block": content})


def delta(index: int = 0, **fields: Any) -> bytes:
    return event({"type": "content_block_delta", "index": index, "delta": fields})


def text(words: str, index: int = 0) -> bytes:
    return delta(index, type="text_delta", text=words)


def block_stop(index: int = 0) -> bytes:
    return event({"type": "content_block_stop", "index": index})


def end(reason: Any = "end_turn", **usage: Any) -> bytes:
    return event(
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": usage or {"output_tokens": 42},
        }
    )


STOP = event({"type": "message_stop"})


def error(kind: str, message: str = "Overloaded") -> bytes:
    body = {"type": kind, "message": message, "details": None}
    return event({"type": "error", "error": body, "request_id": "req_1"})


def answer(words: str = "Fine.") -> bytes:
    """Return a complete answer."""
    return start() + block() + text(words) + block_stop() + end() + STOP
