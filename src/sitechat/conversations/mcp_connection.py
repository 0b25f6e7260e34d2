"""Connections to MCP servers through the official package `mcp`: list tools, and call one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sitechat.claude.messages import without_tags
from sitechat.conversations.mcp_server_options import McpServer
from sitechat.engine.tool_interface import ToolRefused
from sitechat.safe_text import storable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAX_PAGES = 20
"""Maximum number of pages of a server's list of tools that are read."""

CALL_TIMEOUT = 30.0
"""Maximum seconds of a call of a tool, or of a request for a page of the list."""

MAX_ERROR = 500
"""Maximum characters of a server's error that are sent to Claude."""


@asynccontextmanager
async def _connected(server: McpServer, timeout: float) -> AsyncIterator[Any]:
    """Yield a client that is connected to the server. `timeout` is in seconds."""
    # Imported here, because only sites with MCP servers have installed these packages.
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=dict(server.headers), timeout=timeout) as http:
        transport = streamable_http_client(server.url, http_client=http)
        async with Client(transport, read_timeout_seconds=timeout) as client:
            yield client


async def listed_tools(server: McpServer) -> Sequence[Any]:
    """Return the tools that a server lists, as objects of `mcp`. At most MAX_PAGES pages are read.

    Raises the exceptions of `mcp` and `httpx2` if the server can't be reached.
    """
    tools: list[Any] = []
    cursor: str | None = None
    async with _connected(server, CALL_TIMEOUT) as client:
        for _page in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if not cursor:
                break
    return tools


async def call_tool(server: McpServer, name: str, _request: Any, /, **arguments: Any) -> str:
    """Call a tool of a server and return its text, or else its structured content as JSON.

    The visitor's request is not sent to the server.

    Raises:
        ToolRefused: The tool has reported an error.
        Exception: The server can't be reached, or does not answer in time.
    """
    async with _connected(server, CALL_TIMEOUT) as client:
        result = await client.call_tool(name, arguments)
    texts = [block.text for block in result.content if getattr(block, "type", "") == "text"]
    if not texts and result.structured_content is not None:
        texts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n\n".join(texts)
    if result.is_error:
        raise ToolRefused(f"The tool reported an error: {without_tags(storable(text))[:MAX_ERROR]}")
    return text
