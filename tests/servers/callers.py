"""Visitors that send HTTP requests over real connections."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tests.waiting import until

CHAT = "/api/chat/"

POLL = 0.8
"""Seconds between two polls of the widget."""


@dataclass
class Answer:
    """A complete response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.body))


@dataclass(frozen=True)
class Event:
    """An event of a stream; `data` is None for a comment."""

    at: float
    """The time of its arrival, by `time.monotonic`."""
    data: Any
    id: int | None = None


class Stream:
    """The events of an answer as they arrive."""

    def __init__(self, connection: http.client.HTTPConnection, response: Any) -> None:
        self.connection = connection
        self.response = response
        self.status: int = response.status
        self.headers: http.client.HTTPMessage = response.headers
        self.events: list[Event] = []
        self._lines = self._read()

    def _read(self) -> Iterator[Event]:
        id_, line = None, b""
        while True:
            try:
                line = self.response.readline()
            except (OSError, http.client.HTTPException):
                return
            if not line:
                return
            line = line.rstrip(b"\n")
            now = time.monotonic()
            if line.startswith(b"id: "):
                id_ = int(line[4:])
            elif line.startswith(b":"):
                yield Event(now, None)
            elif line == b"data: [DONE]":
                yield Event(now, "[DONE]")
            elif line.startswith(b"data: "):
                yield Event(now, json.loads(line[6:]), id_)
                id_ = None

    def __iter__(self) -> Iterator[Event]:
        for event in self._lines:
            self.events.append(event)
            yield event

    def until(self, key: str) -> Any:
        """Read up to the next event that has the key and return its value."""
        for event in self:
            if isinstance(event.data, dict) and key in event.data:
                return event.data[key]
        raise AssertionError(f"the stream ended without {key!r}: {self.events[-5:]}")

    def until_text(self, length: int) -> str:
        """Read until this many characters have arrived."""
        while len(self.text) < length:
            self.until("t")
        return self.text

    def rest(self) -> Stream:
        """Read to the end."""
        for _event in self:
            pass
        self.close()
        return self

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    @property
    def data(self) -> list[Any]:
        return [event.data for event in self.events if event.data is not None]

    @property
    def text(self) -> str:
        return "".join(d["t"] for d in self.data if isinstance(d, dict) and "t" in d)

    @property
    def whole(self) -> bool:
        """Whether the stream is complete."""
        return self.data[-1:] == ["[DONE]"]

    @property
    def done(self) -> str | None:
        """The final status of the reply."""
        ends = [d["done"] for d in self.data if isinstance(d, dict) and "done" in d]
        return ends[-1] if ends else None

    @property
    def error(self) -> str | None:
        errors = [d["error"] for d in self.data if isinstance(d, dict) and "error" in d]
        return errors[-1] if errors else None


class Caller:
    """A browser session, which may call any of the site's processes."""

    def __init__(self, port: int = 0, *, polls: bool = False, cookies: str = "") -> None:
        self.port = port
        self.polls = polls
        self.cookies: dict[str, str] = {}

    def to(self, port: int) -> Caller:
        """Return the same browser session, calling another process."""
        other = Caller(port, polls=self.polls)
        other.cookies = self.cookies
        return other

    # Complete responses

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection, response = self._open(method, path, body, headers or {})
        try:
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def page(self) -> float:
        """Request a page of the site and return the seconds that it took."""
        started = time.monotonic()
        answer = self.call("GET", "/")
        assert answer.status == 200, answer
        return time.monotonic() - started

    def process(self) -> dict[str, Any]:
        return self.call("GET", "/process/").json

    def tasks(self) -> list[str]:
        return cast("list[str]", self.call("GET", "/tasks/").json["tasks"])

    def row(self, reply: str) -> dict[str, Any]:
        return self.call("GET", f"/rows/?reply={reply}").json

    def history(self) -> dict[str, Any]:
        return self.call("GET", CHAT).json

    def poll(self, reply: str, after: int = 0) -> dict[str, Any]:
        answer = self.call(
            "GET", f"{CHAT}replies/{reply}/?after={after}", headers={"Accept": "application/json"}
        )
        assert answer.status == 200, answer
        return answer.json

    def wait_for(self, reply: str, text: str, status: str = "running") -> dict[str, Any]:
        """Wait until the row of a reply has the text and status."""
        row: dict[str, Any] = {}

        def has_it() -> bool:
            row.update(self.row(reply))
            return bool(row["text"] == text and row["status"] == status)

        until(has_it, 30, every=0.05, failure=row)
        return row

    def wait_for_end(self, reply: str, timeout: float = 60.0) -> dict[str, Any]:
        """Poll a reply to its end."""
        answer: dict[str, Any] = {}

        def has_ended() -> bool:
            answer.update(self.poll(reply))
            return bool(answer["status"] != "running")

        until(has_ended, timeout, every=POLL, failure=answer)
        return answer

    def stop(self, reply: str, **body: Any) -> Answer:
        return self.call("POST", f"{CHAT}replies/{reply}/stop/", body)

    def forget(self) -> Answer:
        return self.call("DELETE", CHAT)

    # Streams

    def send(self, message: str, id: str | None = None) -> Stream:
        """Send a message and return its stream."""
        return self.post(CHAT, {"message": message, "id": id or str(uuid.uuid4())})

    def post(self, path: str, body: Any) -> Stream:
        """Send a request and return its answer as a stream."""
        return Stream(*self._open("POST", path, body, self._preferences()))

    def follow(self, reply: str, after: int = 0) -> Stream:
        path = f"{CHAT}replies/{reply}/?after={after}"
        return Stream(*self._open("GET", path, None, self._preferences()))

    def begin(self, message: str, id: str | None = None) -> tuple[str, Stream | None]:
        """Send a message and return the reply's id and, if the server has a thread, its stream."""
        stream = self.send(message, id)
        if stream.status == 202:
            reply = json.loads(stream.response.read())["reply"]
            stream.close()
            return reply, None
        assert stream.status == 200, (stream.status, stream.response.read())
        return stream.until("reply"), stream

    def _preferences(self) -> dict[str, str]:
        return {"Prefer": "respond-async"} if self.polls else {}

    def _open(
        self, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = dict(headers)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        connection.request(method, path, data, sent)
        response = connection.getresponse()
        for header in response.headers.get_all("Set-Cookie") or ():
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return connection, response
