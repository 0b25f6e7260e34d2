"""Requests to the stand-in with the Anthropic SDK and a plain HTTP client."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import anthropic

from sitechat.standin import Standin

MODEL = "claude-opus-4-7"
QUESTION: Any = [{"role": "user", "content": "Hello"}]
Run = Callable[[Callable[[anthropic.AsyncAnthropic], Coroutine[Any, Any, Any]]], Any]


async def stream(client: anthropic.AsyncAnthropic, seen: list[str], **fields: Any) -> Any:
    """Read an answer and append its text to `seen` as it arrives, even if it is aborted."""
    stop_reason = None
    fields = {"model": MODEL, "max_tokens": 1000, "messages": QUESTION, **fields}
    async for event in await client.messages.create(stream=True, **fields):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            seen.append(event.delta.text)
        elif event.type == "message_delta":
            stop_reason = event.delta.stop_reason
    return stop_reason


def post(
    standin: Standin, body: bytes, path: str = "/v1/messages", method: str = "POST", **headers: str
) -> tuple[http.client.HTTPResponse, Any]:
    address = urlsplit(standin.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"anthropic-version": "2026-10-21", **names})
    response = connection.getresponse()
    data = json.loads(response.read())
    connection.close()
    return response, data
