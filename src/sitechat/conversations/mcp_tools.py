"""Tools of MCP servers (`Chatbot.mcp_servers`), through the official package `mcp`.

Each process caches the lists of tools and renews them on separate threads. So a server that does
not answer delays only the first message of a process. Visitors must agree to each call, unless the
site's owner lists the tool as read-only.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from sitechat.chatbot import Chatbot
from sitechat.conversations.mcp_connection import CALL_TIMEOUT, MAX_ERROR, call_tool, listed_tools
from sitechat.conversations.mcp_server_options import McpServer, parse_server
from sitechat.runtime.daemon_threads import DaemonThreads, PoolFull
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger
from sitechat.safe_text import storable
from sitechat.tools import InvalidArguments, Tool
from sitechat.tools.argument_validation import check_storable
from sitechat.tools.declaration import NAME
from sitechat.tools.schema_limits import problem_of

logger = get_logger("sitechat.tools")

MAX_TOOLS = 32
"""Maximum number of tools of one server."""

MAX_DESCRIPTION = 2000
"""Maximum characters of a tool's description; the rest is cut."""

LIST_TIMEOUT = 5.0
"""Maximum seconds that a message waits for the tools of a server that has not listed any yet."""

FRESH_FOR = 300.0
"""Seconds after which the list of a server's tools is renewed."""

RETRY_AFTER = 30.0
"""Seconds until a server that did not list its tools is asked again."""

THREADS = 4
"""Number of threads that ask servers for their tools."""


@dataclass(frozen=True)
class SchemaParameters:
    """The parameters of a tool that brings its own JSON Schema."""

    schema: Mapping[str, Any]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Empty, because the server decides what a missing argument means."""
        return {}

    def parse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments if they match the schema.

        They are not converted. References of the schema to other addresses are not fetched.

        Raises:
            InvalidArguments: The arguments do not match. The message is for Claude.
        """
        import jsonschema
        from referencing import Registry

        check_storable(arguments)
        known = self.schema.get("properties") or {}
        if "additionalProperties" not in self.schema and (extra := set(arguments) - set(known)):
            raise InvalidArguments(f'There is no parameter "{min(extra)}".')
        validator = jsonschema.Draft202012Validator(self.schema, registry=Registry())
        for error in validator.iter_errors(arguments):
            raise InvalidArguments(f"{error.json_path}: {error.message[:MAX_ERROR]}")
        return dict(arguments)


def tools_of(bot: Chatbot) -> Iterator[Tool]:
    """Yield the tools of the bot's MCP servers, as far as the servers have listed them.

    An invalid entry of `Chatbot.mcp_servers` is logged and left out. This may wait for a server
    that this process asks for the first time (see `Listings.tools`).
    """
    for given in bot.mcp_servers:
        try:
            server = parse_server(given)
        except ValueError as error:
            logger.error("An MCP server of the bot %s is left out: %s", bot.name, error)
            continue
        yield from listings().tools(server)


class Listings:
    """The tools of MCP servers, as the servers listed them last for this process."""

    def __init__(self) -> None:
        self._threads = DaemonThreads(THREADS, "sitechat-mcp")
        self._known: dict[McpServer, tuple[Sequence[Tool], float]] = {}
        """The tools of each server, and the time (`monotonic`) until which they are valid."""
        self._renewals: dict[McpServer, Future[Sequence[Tool]]] = {}
        self._lock = threading.Lock()

    def tools(self, server: McpServer) -> Sequence[Tool]:
        """Return the tools of a server.

        If the list in the cache is too old, it is returned once more while a thread renews it.
        If the server was never asked before, wait for the list, at most LIST_TIMEOUT seconds.
        Return no tools if it does not arrive, or if no thread can start.
        """
        known = self._known.get(server)
        if known is not None and monotonic() < known[1]:
            return known[0]
        try:
            renewal = self._start_renewal(server)
        except PoolFull:
            logger.warning("No thread could start to list the tools of %s", server.host)
            return known[0] if known is not None else ()
        if known is not None:
            return known[0]
        try:
            return renewal.result(LIST_TIMEOUT)
        except (TimeoutError, asyncio.TimeoutError):
            return ()

    def _start_renewal(self, server: McpServer) -> Future[Sequence[Tool]]:
        """Start to renew the list on a thread, or return the renewal that is already running."""
        with self._lock:
            renewal = self._renewals.get(server)
            if renewal is None:
                renewal = self._threads.submit(self._renew, server)
                self._renewals[server] = renewal
        return renewal

    def _renew(self, server: McpServer) -> Sequence[Tool]:
        """List the tools of a server and cache them. Log an error, and then keep the old list."""
        known = self._known.get(server)
        tools: Sequence[Tool] = known[0] if known is not None else ()
        valid_for = RETRY_AFTER
        try:
            tools, valid_for = asyncio.run(_list(server)), FRESH_FOR
        except BaseException as error:  # any exception of the package or its event loop
            logger.error("The MCP server %s does not list its tools: %r", server.host, error)
        finally:
            with self._lock:
                self._known[server] = (tools, monotonic() + valid_for)
                self._renewals.pop(server, None)
        return tools


listings = PerProcess(Listings)


async def _list(server: McpServer) -> Sequence[Tool]:
    tools = await asyncio.wait_for(listed_tools(server), CALL_TIMEOUT)
    return list(_usable(server, tools))[:MAX_TOOLS]


def _usable(server: McpServer, tools: Sequence[Any]) -> Iterator[Tool]:
    """Yield the listed tools that the owner allows and Claude accepts."""
    for listed in tools:
        if server.tools is not None and listed.name not in server.tools:
            continue
        problem = problem_of(listed.input_schema)
        if problem or not NAME.fullmatch(listed.name):
            logger.error(
                "The tool %r of %s is left out: %s",
                listed.name[:64],
                server.host,
                problem or "Claude does not accept the name",
            )
            continue
        question = format_lazy(_("Run {tool} at {host}?"), tool=listed.name, host=server.host)
        yield Tool(
            partial(call_tool, server, listed.name),
            listed.name,
            confirm=None if listed.name in server.read_only else question,
            timeout=CALL_TIMEOUT,
            description=storable(listed.description or listed.name)[:MAX_DESCRIPTION],
            schema=listed.input_schema,
            given_parameters=SchemaParameters(listed.input_schema),
        )
