"""Who is writing: the identities that limits count by.

Addresses are never stored: what is kept is a hash keyed with the site's SECRET_KEY and the day.
"""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from sitechat.conf import conf

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

logger = logging.getLogger("sitechat")

SESSION_KEY = "sitechat_visitor"
"""Where the session's data hold the visitor's random identity.

It is neither the session's key nor the conversation's id: a login changes the one, forgetting
the conversation the other, and neither may start the limits afresh.
"""

WORD_LENGTH = 32
"""Hexadecimal digits of an identity."""

HOST_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::[0-9]*)?|(?P<v4>[0-9.]+):[0-9]*")


@dataclass(frozen=True)
class Visitor:
    """One visitor's identities by scope, each an opaque word; None where there is none."""

    session: str | None
    user: str | None
    ip: str

    def identity(self, scope: str) -> str | None:
        """The word by which `scope` counts this visitor; None where the scope does not apply."""
        return {"session": self.session, "user": self.user, "ip": self.ip, "site": "all"}[scope]


def current_user(request: HttpRequest) -> AbstractBaseUser | AnonymousUser | None:
    """The request's user; None on sites without django.contrib.auth."""
    return getattr(request, "user", None)


def identify(request: HttpRequest, now: datetime | None = None) -> Visitor:
    """The visitor behind a request. Writes nothing.

    A visitor who has no identity in the session yet gets a fresh one, which `remember` puts
    there once the visitor is admitted: so the first message counts for the session too, and
    somebody who is refused leaves no session behind.
    """
    session = getattr(request, "session", None)
    token = None
    if session is not None:
        stored = session.get(SESSION_KEY)
        fits = isinstance(stored, str) and len(stored) == WORD_LENGTH
        token = stored if fits else _fresh(session.session_key)
    user = current_user(request)
    name = None
    if user is not None and user.is_authenticated:
        name = _hashed("sitechat.visitors.user", str(user.pk))
    day = (now or datetime.now(timezone.utc)).astimezone(timezone.utc).date()
    address = client_network(
        remote=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=conf.CHAT_TRUSTED_PROXIES,
    )
    return Visitor(session=token, user=name, ip=_hashed(f"sitechat.visitors.ip.{day}", address))


def _fresh(session_key: str | None) -> str:
    """An identity for a session that has none yet. Messages that come at once get the same."""
    if session_key is None:
        return secrets.token_hex(WORD_LENGTH // 2)
    return _hashed("sitechat.visitors.session", session_key)


def remember(request: HttpRequest, visitor: Visitor) -> None:
    """Keeps the visitor's identity in the session's data, where it is not there already."""
    session = getattr(request, "session", None)
    if session is not None and session.get(SESSION_KEY) != visitor.session:
        session[SESSION_KEY] = visitor.session


def client_network(*, remote: str, forwarded: str, proxies: int) -> str:
    """What counts as one address: an IPv4 address, an IPv6 /64, or "" where none is known.

    `remote` is the peer's address. `forwarded` is X-Forwarded-For: each proxy appends the
    address of its own peer, so of its entries only the last `proxies` come from proxies that
    the site trusts. Whatever stands before them is the visitor's own invention.
    """
    if not forwarded:
        return _network(remote)
    if proxies < 1:
        _warn_forwarded()
        return _network(remote)
    vouched = forwarded.split(",")[-proxies:]
    return _network(vouched[0]) or _network(remote)


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
    return salted_hmac(salt, value, algorithm="sha256").hexdigest()[:WORD_LENGTH]


@cache
def _warn_forwarded() -> None:
    """Cached, so that a process says it once."""
    logger.warning(
        "A request came with X-Forwarded-For, but CHAT_TRUSTED_PROXIES is 0: limits per address "
        "count the peer's address. If the site is behind proxies, all its visitors share one "
        "limit: set CHAT_TRUSTED_PROXIES to the number of proxies that append to the header."
    )
