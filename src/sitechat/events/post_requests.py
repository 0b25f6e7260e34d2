"""POST requests to addresses that the site's owner has set.

Addresses in private networks are refused, unless the owner allows them.

A host name is resolved once. Its IP addresses are checked, and the connection uses one of them, so
that the name can't resolve to another address after the check. Redirects are not followed, and
proxies are not used.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sitechat.events.private_networks import is_public

TIMEOUT = 10.0
"""Maximum seconds of a request, up to the status of the response. A slow resolution of the host
name is not interrupted."""

PORTS = {"http": 80, "https": 443}
"""The default ports of the schemes."""


class PostFailed(Exception):
    """A request failed. The message is for the owner of the site."""

    def __init__(self, message: str, *, unreachable: bool = True) -> None:
        super().__init__(message)
        self.unreachable = unreachable
        """Whether other requests to the same address would also fail."""


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> None:
    """Send a POST request.

    Args:
        url: The address. Other schemes than http and https are refused.
        body: The body.
        headers: The headers, except `Host` and `Content-Length`.
        allow_private: Whether the host may be in a private network or on this machine.

    Raises:
        PostFailed: The address is not allowed, can't be reached, does not answer in time, or
            answers with another status than 2xx.
        ValueError, HTTPException: The address is not valid.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise PostFailed("The address must begin with http:// or https:// and a host.")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection = _CheckedConnection(parts, allow_private=allow_private)
    # The timeout of the socket applies to each read. A server that sends slowly never exceeds it.
    timer = threading.Timer(TIMEOUT, connection.abort)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        if connection.aborted or isinstance(error, TimeoutError):
            raise PostFailed(f"No answer within {TIMEOUT:.0f} seconds.") from None
        raise PostFailed(f"{type(error).__name__}: {error}") from None
    finally:
        timer.cancel()
        connection.close()
    if 300 <= status < 400:
        raise PostFailed(f"HTTP {status}: redirects are not followed.")
    if not 200 <= status < 300:
        raise PostFailed(f"HTTP {status}", unreachable=status >= 500 or status == 429)


class _CheckedConnection(HTTPConnection):
    """A connection to an IP address that has been checked."""

    def __init__(self, parts: SplitResult, *, allow_private: bool) -> None:
        super().__init__(parts.hostname or "", parts.port or PORTS[parts.scheme])
        self.default_port = PORTS[parts.scheme]  # the Host header does not contain this port
        self._uses_tls = parts.scheme == "https"
        self._allow_private = allow_private
        self._deadline = monotonic() + TIMEOUT
        self._opened: socket.socket | None = None
        self.aborted = False

    def connect(self) -> None:
        """Connect to the first permitted address that answers.

        Raises:
            PostFailed: The host has no permitted address.
            OSError: The name can't be resolved, or no address answers.
        """
        resolved = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        permitted = [
            entry for entry in resolved if self._allow_private or is_public(str(entry[4][0]))
        ]
        if not permitted:
            raise PostFailed(
                f"{self.host} is in a private network. If this is intended, set "
                '"allow_private": True in the entry of CHAT_WEBHOOKS.'
            )
        self.sock = self._first_open(permitted)

    def _first_open(self, entries: Sequence[Any]) -> socket.socket:
        *others, last = entries
        for entry in others:
            with suppress(OSError):
                return self._open(*entry)
        return self._open(*last)

    def _open(
        self, family: int, kind: int, protocol: int, _name: str, address: Any
    ) -> socket.socket:
        """Connect to an entry of `getaddrinfo`, with TLS for https, before the deadline."""
        opened = self._opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(max(0.1, self._deadline - monotonic()))
            opened.connect(address)
            if self._uses_tls:
                secured = _tls().wrap_socket(
                    opened, server_hostname=self.host, do_handshake_on_connect=False
                )
                opened = self._opened = secured
                secured.do_handshake()
        except BaseException:
            opened.close()
            raise
        return opened

    def abort(self) -> None:
        """End the request from another thread."""
        self.aborted = True
        if self._opened is not None:
            with suppress(OSError):
                self._opened.shutdown(socket.SHUT_RDWR)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
