"""The identities of visitors. Limits have separate counts for each identity.

Addresses are never stored, only a hash that is keyed with the site's SECRET_KEY and the day.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone

from django.utils.crypto import salted_hmac

IDENTITY_LENGTH = 32
"""Hexadecimal digits of an identity."""


@dataclass(frozen=True)
class Visitor:
    """One visitor's identities by scope, each a string that reveals nothing about the visitor."""

    session: str | None
    """The identity that the browser session holds; None for requests without a session."""
    user: str | None
    """The hash of the signed-in user; None for anonymous visitors."""
    ip: str
    """The hash of the visitor's network address, which changes daily."""
    site: str = "all"
    """The same for all visitors."""

    def identity(self, scope: str) -> str | None:
        """Return the visitor's identity in `scope`; None if the scope does not apply."""
        return {"session": self.session, "user": self.user, "ip": self.ip, "site": self.site}[scope]

    def for_purpose(self, purpose: str) -> Visitor:
        """Return other identities of the visitor, for requests that must not count as messages.

        Args:
            purpose: The kind of request. Each kind has its own counts.
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
        session: The identity that the browser session holds; None for requests without a session.
        user_pk: The primary key of the signed-in user; None for anybody else.
        network: The visitor's network, from `http.client_address`.
        now: The hash of the network depends on the day of this time; by default the current time.
    """
    day = (now or datetime.now(timezone.utc)).astimezone(timezone.utc).date()
    return Visitor(
        session=session,
        user=None if user_pk is None else _hashed("sitechat.visitors.user", str(user_pk)),
        ip=_hashed(f"sitechat.visitors.ip.{day}", network),
    )


def session_identity(session_key: str | None) -> str:
    """Return an identity for a session that has no identity yet.

    It is derived from the key, so that concurrent messages of one session get the same identity.
    For a session without a key, it is random.
    """
    if session_key is None:
        return secrets.token_hex(IDENTITY_LENGTH // 2)
    return _hashed("sitechat.visitors.session", session_key)


def _hashed(salt: str, value: str) -> str:
    return salted_hmac(salt, value, algorithm="sha256").hexdigest()[:IDENTITY_LENGTH]
