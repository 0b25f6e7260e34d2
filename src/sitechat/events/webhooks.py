"""The webhooks in CHAT_WEBHOOKS, and the body, headers and signature of their requests.

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
from urllib.parse import urlsplit

from sitechat.conf import conf
from sitechat.events.post_requests import PORTS
from sitechat.models import Delivery
from sitechat.runtime.invalid_settings import log_invalid_setting
from sitechat.runtime.utc_offsets import with_offset

PREFIX = "whsec_"
"""The prefix of secrets whose rest is a key in base64."""


@dataclass(frozen=True)
class Webhook:
    """An entry of CHAT_WEBHOOKS."""

    url: str
    secret: str = field(repr=False)
    events: Sequence[str] | None = None
    """Names of events; None for all."""
    allow_private: bool = False
    """Whether the address may be in a private network or on this machine."""

    def wants(self, event: str) -> bool:
        """Return whether the webhook gets an event."""
        return self.events is None or event in self.events


def webhooks() -> list[Webhook]:
    """Return the valid entries of CHAT_WEBHOOKS. A system check and the log report the others."""
    entries = conf.CHAT_WEBHOOKS
    if not entries:
        return []
    usable = filter(_is_usable, entries) if isinstance(entries, (list, tuple)) else ()
    hooks = [_webhook(entry) for entry in usable]
    if not isinstance(entries, (list, tuple)) or len(hooks) < len(entries):
        log_invalid_setting("CHAT_WEBHOOKS", entries, "some webhooks get nothing")
    return hooks


def find_webhook(url: str, event: str) -> Webhook | None:
    """Return the webhook for a delivery; None if its address is no longer in CHAT_WEBHOOKS.

    If several entries have this address, one that gets the event is preferred.
    """
    hooks = [hook for hook in webhooks() if hook.url == url]
    return next((hook for hook in hooks if hook.wants(event)), hooks[0] if hooks else None)


def _is_usable(entry: object) -> bool:
    """Return whether an entry of CHAT_WEBHOOKS has an address and a secret that can be used.

    Its `events` must be a list, or None for all events.
    """
    if not isinstance(entry, Mapping):
        return False
    events = entry.get("events")
    return (
        is_webhook_url(entry.get("url"))
        and isinstance(entry.get("secret"), str)
        and (events is None or isinstance(events, (list, tuple)))
        and bool(key_of(entry["secret"]))
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
    """Return the headers of a webhook's request.

    Args:
        hook: The webhook.
        delivery: The delivery.
        body: The body of the request.
        seconds: The time of the request in seconds since 1970.
    """
    return {
        "Content-Type": "application/json",
        "User-Agent": "django-sitechat",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(hook.secret, str(delivery.pk), seconds, body),
    }


def signature(secret: str, delivery_id: str, seconds: int, body: bytes) -> str:
    """Return the signature of a body: "v1," and the HMAC-SHA256 of id, time and body in base64."""
    signed = f"{delivery_id}.{seconds}.".encode() + body
    digest = hmac.new(key_of(secret) or b"", signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def is_webhook_url(value: object) -> bool:
    """Return whether a value is the address of a webhook: http or https, a host, no username.

    The address must also be ASCII without spaces, and short enough for the column of deliveries.
    """
    max_length = Delivery._meta.get_field("target").max_length or 0
    if not isinstance(value, str) or len(value) > max_length or not value.isascii():
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and not any(c.isspace() for c in value)
    return parts.scheme in PORTS and bool(parts.hostname) and plain and port != 0


def key_of(secret: str) -> bytes | None:
    """Return the key in a secret; None if the secret has the prefix but is not valid base64."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret[len(PREFIX) :], validate=True)
    except binascii.Error:
        return None
