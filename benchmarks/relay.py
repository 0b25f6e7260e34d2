"""The relay peer: a bare ASGI application that only forwards the stand-in's deltas, on aiohttp.

It stores and checks nothing, so it shows the minimum cost of a chat in Python.

    ANTHROPIC_BASE_URL=http://127.0.0.1:8765 uvicorn --app-dir benchmarks relay:application
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

HEADERS = {"anthropic-version": "2026-10-21", "authorization": "Bearer sk-benchmark"}
session: aiohttp.ClientSession | None = None

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    if scope["method"] != "POST":
        await _start(send, b"text/html")
        await send({"type": "http.response.body", "body": b"a page"})
        return
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    await _start(send, b"text/event-stream")
    async with _session().post(
        os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
        headers=HEADERS,
        json={
            "model": "claude-opus-4-7",
            "max_tokens": 64_000,
            "stream": True,
            "messages": [{"role": "user", "content": json.loads(body)["message"]}],
        },
    ) as response:
        response.raise_for_status()
        rest = b""
        async for data in response.content.iter_any():
            *events, rest = (rest + data).split(b"\n\n")
            texts = [_text(event) for event in events if b"text_delta" in event]
            if texts:
                written = b"".join(b'data: {"t": %s}\n\n' % text for text in texts)
                await send({"type": "http.response.body", "body": written, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def _text(event: bytes) -> bytes:
    data = json.loads(event.partition(b"data: ")[2])
    return json.dumps(data["delta"]["text"]).encode()


async def _start(send: Send, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _session() -> aiohttp.ClientSession:
    global session  # noqa: PLW0603
    if session is None:
        connector = aiohttp.TCPConnector(limit=0)
        session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
    return session
