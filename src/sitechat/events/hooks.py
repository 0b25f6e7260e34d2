"""The webhooks that CHAT_WEBHOOKS lists, and the signature of what they get.

Headers and signature follow the Standard Webhooks specification, which has libraries for many
languages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sitechat.conf import conf
from sitechat.models import Delivery
from sitechat.runtime.times import with_offset

PREFIX = "whsec_"
"""Begins a secret in base64."""


@dataclass(frozen=True)
class Webhook:
    """An entry of CHAT_WEBHOOKS."""

    url: str
    secret: str = field(repr=False)
    events: Sequence[str] | None = None
    """Names of events; None for all."""
    allow_private: bool = False
    """Whether the address may be that of a private network or of this machine."""

    def wants(self, event: str) -> bool:
        """Return whether the event is posted here."""
        return self.events is None or event in self.events


def webhooks() -> list[Webhook]:
    """Return the valid entries of CHAT_WEBHOOKS. A system check reports the others."""
    entries = conf.CHAT_WEBHOOKS
    if not isinstance(entries, (list, tuple)):
        return []
    return [_webhook(entry) for entry in entries if _is_usable(entry)]


def find_webhook(url: str) -> Webhook | None:
    """Return the webhook with an address; None if it is no longer in CHAT_WEBHOOKS."""
    return next((hook for hook in webhooks() if hook.url == url), None)


def _is_usable(entry: object) -> bool:
    if not isinstance(entry, Mapping):
        return False
    events = entry.get("events")
    return (
        all(isinstance(entry.get(key), str) and entry[key] for key in ("url", "secret"))
        and (events is None or isinstance(events, (list, tuple)))
        and key_of(entry["secret"]) is not None
    )


def _webhook(entry: Mapping[str, Any]) -> Webhook:
    return Webhook(
        entry["url"],
        entry["secret"],
        entry.get("events"),
        entry.get("allow_private") is True,
    )


def body_of(delivery: Delivery) -> bytes:
    """Return the body of a webhook's request."""
    return json.dumps(
        {
            "type": delivery.event,
            "timestamp": with_offset(delivery.created).isoformat(),
            "data": delivery.content,
        },
        separators=(",", ":"),
    ).encode()


def headers_of(hook: Webhook, delivery: Delivery, body: bytes, seconds: int) -> dict[str, str]:
    """Return the headers of a webhook's request, sent at a time in seconds since 1970."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "django-sitechat",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(hook.secret, str(delivery.pk), seconds, body),
    }


def signature(secret: str, delivery_id: str, seconds: int, body: bytes) -> str:
    """Return the signature of a body: HMAC-SHA256 over the id, the time and the body."""
    signed = f"{delivery_id}.{seconds}.".encode() + body
    digest = hmac.new(key_of(secret) or b"", signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: str) -> bytes | None:
    """Return the bytes of a secret; None if it should be base64 and is not."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret[len(PREFIX) :], validate=True)
    except binascii.Error:
        return None
