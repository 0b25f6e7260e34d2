"""Validation of the entries of `Chatbot.mcp_servers`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class McpServer:
    """A server of `Chatbot.mcp_servers`."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    """The names and values of headers that are sent with each request."""
    tools: frozenset[str] | None = None
    """The names of the tools that Claude may call; None for all."""
    read_only: frozenset[str] = frozenset()
    """The names of the tools that run without asking the visitor."""

    @property
    def host(self) -> str:
        """The server's host, as visitors see it."""
        return urlsplit(self.url).hostname or self.url


KEYS = ("url", "headers", "tools", "read_only")
"""The valid keys of an entry."""


def parse_server(given: Any) -> McpServer:
    """Return the server that an entry of `Chatbot.mcp_servers` describes.

    Raises:
        ValueError: The entry is not valid. The message says why.
    """
    if not isinstance(given, Mapping) or not isinstance(given.get("url"), str):
        raise ValueError('it must be a dict with a "url"')
    if unknown := sorted(set(given) - set(KEYS), key=str):
        raise ValueError(f"it has the unknown key {unknown[0]!r}; valid are {', '.join(KEYS)}")
    if not _is_address(given["url"]):
        raise ValueError('its "url" must begin with https:// or http://')
    headers = given.get("headers", {})
    if not isinstance(headers, Mapping) or not all(
        isinstance(text, str) and text.isascii() and text.isprintable()
        for pair in headers.items()
        for text in pair
    ):
        raise ValueError('its "headers" must be a dict of names and values')
    return McpServer(
        given["url"],
        tuple(headers.items()),
        None if given.get("tools") is None else _names(given, "tools"),
        _names(given, "read_only"),
    )


def problem_of_server(given: Any) -> str:
    """Return why an entry is not valid; "" if it is valid. The text contains no headers."""
    try:
        parse_server(given)
    except ValueError as error:
        return str(error)
    return ""


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # such as http://[
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _names(given: Mapping[str, Any], key: str) -> frozenset[str]:
    names = given.get(key, ())
    is_list = isinstance(names, Collection) and not isinstance(names, (str, bytes, Mapping))
    if not is_list or not all(isinstance(name, str) for name in names):
        raise ValueError(f'its "{key}" must be a list of names of tools')
    return frozenset(names)
