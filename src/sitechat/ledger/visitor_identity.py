"""The identities of visitors that limits count by.

Addresses are never stored, only a hash that is keyed with the site's SECRET_KEY and the day.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.utils.crypto import salted_hmac

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

IDENTITY_LENGTH = 32
"""Hexadecimal digits of an identity."""

HOST_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::[0-9]*)?|(?P<v4>[0-9.]+):[0-9]*")
"""An address with a port, as some proxies write it: `[2001:db8::1]:443` or `192.0.2.1:443`."""


@dataclass(frozen=True)
class Visitor:
    """One visitor's identities by scope, each an opaque string; None if there is none."""

    session: str | None
    user: str | None
    ip: str
    site: str = "all"

    def identity(self, scope: str) -> str | None:
        """Return the visitor's identity in `scope`; None if the scope does not apply."""
        return {"session": self.session, "user": self.user, "ip": self.ip, "site": self.site}[scope]

    def apart(self, purpose: str) -> Visitor:
        """Return identities with counts of their own, so that requests do not count as messages.

        Args:
            purpose: The kind of request.
        """
        salt = f"sitechat.visitors.apart.{purpose}"
        return Visitor(
            session=self.session and _hashed(salt, self.session),
            user=self.user and _hashed(salt, self.user),
            ip=_hashed(salt, self.ip),
            site=purpose,
        )


def identify(
    *, session: str | None, user_pk: object, network: str, now: datetime | None = None
) -> Visitor:
    """Return the identities of a visitor.

    Args:
        session: The random identity that the browser session holds.
        user_pk: The primary key of the signed-in user; None for anybody else.
        network: The visitor's network, from `client_network`.
        now: The time whose day the hash of the network depends on; by default the current time.
    """
    day = (now or datetime.now(timezone.utc)).astimezone(timezone.utc).date()
    return Visitor(
        session=session,
        user=None if user_pk is None else _hashed("sitechat.visitors.user", str(user_pk)),
        ip=_hashed(f"sitechat.visitors.ip.{day}", network),
    )


def session_identity(session_key: str | None) -> str:
    """Return an identity for a session that has none yet.

    Concurrent messages of one session get the same identity.
    """
    if session_key is None:
        return secrets.token_hex(IDENTITY_LENGTH // 2)
    return _hashed("sitechat.visitors.session", session_key)


def client_network(*, remote: str, forwarded: str, proxies: int) -> str:
    """Return the network that counts as one address: an IPv4 address, an IPv6 /64, or "".

    Args:
        remote: The peer's address.
        forwarded: The header X-Forwarded-For. Each proxy appends the address of its own peer, so
            only the last `proxies` entries come from trusted proxies; a visitor can invent the
            entries before them.
        proxies: The number of trusted proxies.
    """
    if not forwarded:
        return _network(remote)
    if proxies < 1:
        warn_forwarded()
        return _network(remote)
    trusted = forwarded.split(",")[-proxies:]
    return _network(trusted[0]) or _network(remote)


def _network(text: str) -> str:
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


def _hashed(salt: str, value: str) -> str:
    return salted_hmac(salt, value, algorithm="sha256").hexdigest()[:IDENTITY_LENGTH]


@cache
def warn_forwarded() -> None:
    """Log that X-Forwarded-For was ignored, once per process."""
    logger.warning(
        "A request came with X-Forwarded-For, but CHAT_TRUSTED_PROXIES is 0: limits per address "
        "count the peer's address. If the site is behind proxies, all its visitors share one "
        "limit: set CHAT_TRUSTED_PROXIES to the number of proxies that append to the header."
    )
