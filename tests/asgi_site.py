"""The test site as an ASGI application, called as a server calls it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.handlers.asgi import ASGIHandler

from tests.visitor import CHAT


@dataclass
class AsgiAnswer:
    """A whole response of the application."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def __getitem__(self, name: str) -> str:
        return self.headers[name.lower()]


class AsgiCall:
    """A request to the application. The client stays connected until the answer has come."""

    def __init__(
        self, method: str = "POST", path: str = CHAT, body: bytes | None = b"{}", **headers: str
    ) -> None:
        """Prepare a request; with `body` None its client has sent nothing yet."""
        path, _, query = path.partition("?")
        headers = {"host": "testserver", "content-type": "application/json", **headers}
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": ["127.0.0.1", 50000],
        }
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: list[dict[str, Any]] = []
        if body is not None:
            self.send_body(body)

    def send_body(self, body: bytes, *, more: bool = False) -> None:
        self._received.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def leave(self) -> None:
        """Close the client's connection."""
        self._received.put_nowait({"type": "http.disconnect"})

    async def answer(self, application: ASGIHandler) -> AsgiAnswer:
        """Let the application answer, and return what it has sent."""

        async def send(message: Any) -> None:
            self._sent.append(message)

        await application(self.scope, self._received.get, send)
        start, *rest = self._sent
        return AsgiAnswer(
            start["status"],
            {name.decode().lower(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )
