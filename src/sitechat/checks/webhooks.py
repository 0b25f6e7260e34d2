"""Check CHAT_WEBHOOKS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning

from sitechat.conf import conf
from sitechat.events.hooks import key_of, webhooks
from sitechat.signals import EVENTS

KEYS = ("url", "secret", "events", "allow_private")

EXAMPLE = '[{"url": "https://example.org/hook/", "secret": os.environ["CHAT_WEBHOOK_SECRET"]}]'

SHORTEST_SECRET = 16
"""Characters of a secret that nobody guesses."""


def check_webhooks(**kwargs: Any) -> Iterator[CheckMessage]:
    """E031: an entry of CHAT_WEBHOOKS is not valid."""
    entries = conf.CHAT_WEBHOOKS
    if not isinstance(entries, (list, tuple)):
        yield Error(
            f"CHAT_WEBHOOKS is of the type {type(entries).__name__}.",
            hint=f"Write a list, such as {EXAMPLE}.",
            id="sitechat.E031",
        )
        return
    for number, entry in enumerate(entries):
        for problem, hint in _problems(entry):
            # The entry is not shown, as it holds a secret.
            yield Error(f"CHAT_WEBHOOKS[{number}] {problem}", hint=hint, id="sitechat.E031")
    urls = [hook.url for hook in webhooks()]
    for url in sorted({url for url in urls if urls.count(url) > 1}):
        yield Error(
            f"CHAT_WEBHOOKS has {url} more than once.",
            hint="Write one entry with all its events.",
            id="sitechat.E031",
        )


def _problems(entry: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(entry, Mapping):
        yield "is no dictionary.", f"Write it as in {EXAMPLE}."
        return
    for key in entry:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, n=1, cutoff=0.0)[0]
            yield f"has no {key!r}.", f"Did you mean {near!r}? Known: {', '.join(KEYS)}."
    if not _is_url(entry.get("url")):
        yield 'has no valid "url".', 'Write an address, such as "https://example.org/hook/".'
    secret = entry.get("secret")
    if not isinstance(secret, str) or len(secret) < SHORTEST_SECRET or key_of(secret) is None:
        yield (
            'has no valid "secret".',
            f"Write at least {SHORTEST_SECRET} random characters, or whsec_ and base64.",
        )
    yield from _problems_of_events(entry.get("events", ()))
    if not isinstance(entry.get("allow_private", False), bool):
        yield 'has an "allow_private" that is not valid.', "Write True or False."


def _problems_of_events(events: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(events, (list, tuple)):
        yield 'has no valid "events".', 'Write a list, such as ["contact_requested"].'
        return
    for name in events:
        if name not in EVENTS:
            near = get_close_matches(str(name), EVENTS, n=1, cutoff=0.0)[0]
            hint = f"Did you mean {near!r}? Known: {', '.join(EVENTS)}."
            yield f"names an event {name!r} that does not exist.", hint


def _is_url(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > 500 or not value.isascii():
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and not any(c.isspace() for c in value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and port != 0


def check_encryption(**kwargs: Any) -> Iterator[CheckMessage]:
    """W031: a webhook outside of the own network is not encrypted."""
    for hook in webhooks():
        if hook.url.startswith("http:") and not hook.allow_private:
            yield Warning(
                f"The webhook {hook.url} sends visitors' data without encryption.",
                hint="Use https.",
                id="sitechat.W031",
            )


CHECKS = (check_webhooks, check_encryption)
