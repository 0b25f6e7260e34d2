"""Claude's API: the one room that knows the Anthropic SDK.

A `Call` asks a `Request` once: iterate over it for what comes, then read what it used. The SDK
is imported at the first call (it takes seconds), and each event loop has one client, whose
connections stay warm.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from io import StringIO
from typing import TYPE_CHECKING, Any

from sitechat.claude import breaker
from sitechat.claude.clients import close_client, configured, current_client, warm_up
from sitechat.claude.failures import backoff, cut, never_sent, told, wait_before_retry
from sitechat.claude.streams import EventStream, open_stream
from sitechat.exchange import Cited, Request, ToolCall, Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

__all__ = ["Call", "breaker", "close_client", "configured", "current_client", "warm_up"]

ATTEMPTS = 3

Deltas = AsyncGenerator["str | Cited", None]


class Call:
    """One call of Claude. Iterate once; afterwards, also after a failure, read the rest.

    Yields text as `str`, and `Cited`. Raises `ReplyError`s only; what they hide is logged.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.usage = Usage()
        self.stop_reason: str | None = None
        self.request_id = ""
        self.content: list[dict[str, Any]] = []
        self.tool_calls: list[ToolCall] = []
        self.known = True
        """False while a sent request may be billed and Claude has not said for how much."""
        self.exact = True
        """False once text has come and Claude's final count has not."""
        self._streamed = 0

    async def __aiter__(self) -> Deltas:
        stream = None
        try:
            client = await current_client()
            stream = await self._open(client)
            async for delta in self._read(stream):
                yield delta
        except Exception as error:
            answer = told(error, self.request_id)
            breaker.failed(answer)
            raise answer from error
        finally:
            if not self.exact:
                self.usage.output_tokens = max(self.usage.output_tokens, self._streamed)
            if stream is not None:
                await stream.close()
        if self.stop_reason is None:
            raise cut(self.request_id)
        breaker.worked()

    async def _open(self, client: AsyncAnthropic) -> EventStream:
        """The stream of a request that Claude has accepted, after a few tries."""
        import anthropic

        parameters = self.request.parameters()
        for attempt in range(1, ATTEMPTS + 1):
            self.known = False
            try:
                stream = await open_stream(client, parameters)
            except anthropic.APIStatusError as error:
                self.known = True
                self.request_id = error.request_id or ""
                wait = wait_before_retry(error, attempt)
                if attempt == ATTEMPTS or wait is None:
                    raise
            except anthropic.APIConnectionError as error:
                # What may have been sent may be billed: it is neither sent again nor free.
                self.known = never_sent(error)
                if attempt == ATTEMPTS or not self.known:
                    raise
                wait = backoff(attempt)
            else:
                self.request_id = stream.request_id
                return stream
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _read(self, stream: EventStream) -> Deltas:
        block: dict[str, Any] = {}
        written = StringIO()
        cited: list[int] = []
        async for event in stream.events:
            kind = event.get("type")
            if kind == "content_block_delta":
                delta = event["delta"]
                kind = delta.get("type")
                if kind == "text_delta":
                    text = delta["text"]
                    self._wrote(text)
                    written.write(text)
                    yield text
                elif kind == "input_json_delta":
                    written.write(delta["partial_json"])
                elif kind == "citations_delta":
                    index = delta["citation"].get("search_result_index")
                    if index is not None and index not in cited:
                        cited.append(index)
                elif kind == "thinking_delta":
                    self._wrote(delta["thinking"])
                    written.write(delta["thinking"])
                elif kind == "signature_delta":
                    block["signature"] = delta["signature"]
            elif kind == "content_block_start":
                block = {k: v for k, v in event["content_block"].items() if v is not None}
                written, cited = StringIO(), []
                if block.get("text"):
                    written.write(block["text"])
                    yield block["text"]
            elif kind == "content_block_stop":
                for index in cited:
                    yield Cited(index)
                self._keep(block, written.getvalue())
            elif kind == "message_start":
                self.known, self.exact = True, False
                self._count(event["message"].get("usage") or {})
            elif kind == "message_delta":
                self.stop_reason = event["delta"].get("stop_reason")
                self._count(event.get("usage") or {})
                self.exact = True

    def _wrote(self, text: str) -> None:
        """Output tokens at least, should Claude's own count never come."""
        self._streamed += max(1, len(text.encode(errors="replace")) // 2)

    def _count(self, usage: dict[str, Any]) -> None:
        """Claude's counts are cumulative: each report takes the place of the one before."""
        for name, key in (
            ("input_tokens", "input_tokens"),
            ("output_tokens", "output_tokens"),
            ("cache_read_tokens", "cache_read_input_tokens"),
            ("cache_write_tokens", "cache_creation_input_tokens"),
        ):
            value = usage.get(key)
            if value is not None:
                setattr(self.usage, name, value)

    def _keep(self, block: dict[str, Any], text: str) -> None:
        """The block as Claude must be shown it again in the next round of tools."""
        kind = block.get("type")
        if kind == "text":
            if text.strip():
                self.content.append({"type": "text", "text": text})
        elif kind == "thinking":
            self.content.append({**block, "thinking": text})
        elif kind == "tool_use":
            call = ToolCall(block["id"], block["name"], _tool_input(text))
            self.tool_calls.append(call)
            self.content.append({"type": "tool_use", **vars(call)})
        elif kind:
            self.content.append(block)


def _tool_input(text: str) -> dict[str, Any]:
    """A tool's arguments; whatever is not a JSON object is an empty one."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
