"""Visitors: raw sockets that read server-sent events with little CPU time.

They run on the same machine as the site, so they only parse the numbers of the deltas. The stand-in
writes `~00000`, `~00001` and so on, and an event may contain one or several of them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlsplit

NUMBER = re.compile(rb"~(\d{5})")
_addresses = itertools.count(1)


def deltas(count: int) -> list[str]:
    """Return deltas of six characters that contain their number."""
    return [f"~{number:05}" for number in range(count)]


@dataclass
class Answer:
    """A received answer, with times in seconds of `perf_counter`."""

    status: int = 0
    sent: float = 0.0
    first: float = 0.0
    newest: float = 0.0
    """The time of the newest delta."""
    ended: float = 0.0
    events: int = 0
    whole: bool = False
    retry_after: int | None = None
    """The seconds in `Retry-After`, if any."""
    body: bytes = b""
    """The body, if the answer is not a stream."""
    arrivals: list[tuple[int, float]] = field(default_factory=list)

    def delays(self, pace: float) -> list[float]:
        """Return the delay of each delta in seconds, relative to the least delayed delta.

        The stand-in writes deltas at absolute times, `pace` seconds apart.
        """
        if not self.arrivals:
            return []
        start = min(at - number * pace for number, at in self.arrivals)
        return [at - number * pace - start for number, at in self.arrivals]


class Visitor:
    """One browser session with an address of its own."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        n = next(_addresses)
        self.address = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        self.cookies: dict[str, str] = {}
        self.answer = Answer()
        """The newest answer, which may be incomplete."""

    async def ask(
        self, message: str = "What does this site do?", *, timed: bool = False, polls: bool = False
    ) -> Answer:
        """Send a message and read the whole reply. With `timed`, note the time of each delta."""
        body = json.dumps({"message": message}).encode()
        more = ("Content-Type: application/json", f"Content-Length: {len(body)}")
        if polls:
            more += ("Prefer: respond-async",)
        return await self._call("POST", self.url.path, body, more, timed=timed)

    async def read(self, events: int) -> None:
        """Wait until this many deltas have arrived, or the answer has ended."""
        while self.answer.events < events and not self.answer.ended:  # noqa: ASYNC110 - cheaper than an event for each
            await asyncio.sleep(0.02)

    async def poll(self, reply: str) -> dict[str, object]:
        """Poll a reply, as visitors without a stream do."""
        answer = await self.get(f"{self.url.path}replies/{reply}/", ("Accept: application/json",))
        found: dict[str, object] = json.loads(answer.body)
        return found

    async def open_page(self, path: str = "/") -> float:
        """Request another page of the site and return the seconds that it took."""
        answer = await self.look_at_page(path)
        assert answer.status == 200, answer
        return answer.ended - answer.sent

    async def look_at_page(self, path: str = "/") -> Answer:
        """Request another page of the site, which may fail."""
        return await self.get(path)

    async def get(self, path: str, more: Sequence[str] = ()) -> Answer:
        """Request a path with the further header lines `more`, and read the whole response."""
        return await self._call("GET", path, b"", more)

    async def _call(
        self, method: str, path: str, body: bytes, more: Sequence[str], *, timed: bool = False
    ) -> Answer:
        answer = self.answer = Answer(sent=perf_counter())
        reader, writer = await asyncio.open_connection(self.url.hostname, self.url.port)
        try:
            writer.write(self._head(method, path, more) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            self._read_head(answer, head)
            if b"text/event-stream" in head.lower():
                await _read_stream(reader, answer, timed=timed)
            else:
                answer.body = await _read_body(reader, head)
            answer.ended = perf_counter()
        finally:
            writer.close()
        return answer

    def _head(self, method: str, path: str, more: Sequence[str]) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.url.netloc}",
            f"X-Forwarded-For: {self.address}",
            "Connection: close",
            *more,
        ]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        return "\r\n".join([*lines, "", ""]).encode()

    def _read_head(self, answer: Answer, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        answer.status = int(lines[0].split()[1])
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                key, _, cookie = value.strip().partition(";")[0].partition("=")
                self.cookies[key] = cookie
            elif name.lower() == "retry-after":
                answer.retry_after = int(value)


async def _read_stream(reader: asyncio.StreamReader, answer: Answer, *, timed: bool) -> None:
    rest = b""
    while data := await reader.read(1 << 18):
        if events := data.count(b"~"):
            answer.newest = perf_counter()
            answer.first = answer.first or answer.newest
            answer.events += events
        data = rest + data
        if timed:
            now = perf_counter()
            end = 0
            for match in NUMBER.finditer(data):
                answer.arrivals.append((int(match[1]), now))
                end = match.end()
            rest = data[max(end, len(data) - 24) :]
        else:
            rest = data[-24:]
        answer.whole = answer.whole or b"[DONE]" in data


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    body = await reader.read(-1)
    if b"chunked" not in head.lower():
        return body
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + body[:length], body[length + 2 :]
    return whole
