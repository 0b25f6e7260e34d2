"""The network address of a visitor, behind CHAT_TRUSTED_PROXIES."""

from __future__ import annotations

import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.http import HttpRequest

from sitechat.conf import conf
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

HOST_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::[0-9]*)?|(?P<v4>[0-9.]+):[0-9]*")
"""An address with a port, as some proxies write it: `[2001:db8::1]:443` or `192.0.2.1:443`."""


def network_of(request: HttpRequest) -> str:
    """Return the network of a request's client; "" if it is unknown. See `client_network`."""
    return client_network(
        remote=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=conf.CHAT_TRUSTED_PROXIES,
    )


def client_network(*, remote: str, forwarded: str, proxies: int) -> str:
    """Return the network that limits treat as one address: an IPv4 address or an IPv6 /64.

    The first trusted entry of the header is the client's address. If there is no such entry, or if
    it is not valid, the peer's address is used. Return "" if that is not valid either, such as on a
    Unix socket.

    Args:
        remote: The address of the peer: the client, or the last proxy.
        forwarded: The header X-Forwarded-For, or "". Each proxy appends the address of its own
            peer. So the last `proxies` entries are trusted. A visitor can invent the others.
        proxies: The number of trusted proxies.
    """
    if not forwarded:
        return _network(remote)
    if proxies < 1:
        warn_of_ignored_header()
        return _network(remote)
    trusted = forwarded.split(",")[-proxies:]
    return _network(trusted[0]) or _network(remote)


def _network(text: str) -> str:
    """Return the network of an address as text; "" if it is not valid."""
    text = text.strip()
    if match := HOST_PORT.fullmatch(text):
        text = match["v6"] or match["v4"] or ""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Network((int(address), 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


@cache
def warn_of_ignored_header() -> None:
    """Log once per process that X-Forwarded-For was ignored."""
    logger.warning(
        "A request came with X-Forwarded-For, but CHAT_TRUSTED_PROXIES is 0: limits per address "
        "count the peer's address. If the site is behind proxies, all its visitors share one "
        "limit: set CHAT_TRUSTED_PROXIES to the number of proxies that append to the header."
    )
