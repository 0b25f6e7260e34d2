"""Check CHAT_WEBHOOKS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning
from django.utils.translation import gettext as _

from sitechat.checks.dictionary_settings import did_you_mean
from sitechat.conf import conf
from sitechat.events.webhooks import is_webhook_url, key_of, webhooks
from sitechat.signals import EVENTS

KEYS = ("url", "secret", "events", "allow_private")

EXAMPLE = '[{"url": "https://example.org/hook/", "secret": os.environ["CHAT_WEBHOOK_SECRET"]}]'

MIN_SECRET_LENGTH = 16
"""Minimum characters of a secret."""


def check_webhooks(**kwargs: Any) -> Iterator[CheckMessage]:
    """E031: CHAT_WEBHOOKS is not a list, or an entry is not valid or repeats an address."""
    entries = conf.CHAT_WEBHOOKS
    if not isinstance(entries, (list, tuple)):
        yield Error(
            _("CHAT_WEBHOOKS is not a list, but of the type %(type)s.")
            % {"type": type(entries).__name__},
            hint=_("Write a list, such as %(example)s.") % {"example": EXAMPLE},
            id="sitechat.E031",
        )
        return
    for number, entry in enumerate(entries):
        for problem, hint in _problems(entry):
            # The entry is not shown, because it contains a secret.
            yield Error(
                _("CHAT_WEBHOOKS[%(number)s] %(problem)s") % {"number": number, "problem": problem},
                hint=hint,
                id="sitechat.E031",
            )
    urls = [hook.url for hook in webhooks()]
    for url in sorted({url for url in urls if urls.count(url) > 1}):
        yield Error(
            _("CHAT_WEBHOOKS has %(url)s more than once.") % {"url": url},
            hint=_("Write one entry with all its events."),
            id="sitechat.E031",
        )


def _problems(entry: Any) -> Iterator[tuple[str, str]]:
    """Yield a clause with the entry as its subject, and a hint, for each problem of an entry."""
    if not isinstance(entry, Mapping):
        yield _("is not a dictionary."), _("Write it as in %(example)s.") % {"example": EXAMPLE}
        return
    for key in entry:
        if key not in KEYS:
            yield _("has the unknown key %(key)r.") % {"key": key}, did_you_mean(key, KEYS)
    if not is_webhook_url(entry.get("url")):
        yield (
            _("has no valid %(key)s.") % {"key": '"url"'},
            _("Write %(example)s.")
            % {"example": _('an address, such as "https://example.org/hook/"')},
        )
    secret = entry.get("secret")
    if not isinstance(secret, str) or len(secret) < MIN_SECRET_LENGTH or key_of(secret) is None:
        yield (
            _("has no valid %(key)s.") % {"key": '"secret"'},
            _("Write at least %(count)s random characters, or whsec_ and base64.")
            % {"count": MIN_SECRET_LENGTH},
        )
    if "events" in entry:
        yield from _event_problems(entry["events"])
    if not isinstance(entry.get("allow_private", False), bool):
        yield (
            _('has an "allow_private" that is not valid.'),
            _("Write %(example)s.") % {"example": _("True or False")},
        )


def _event_problems(events: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(events, (list, tuple)) or not events:
        yield (
            _("has no valid %(key)s.") % {"key": '"events"'},
            _("Write a list, such as %(example)s.") % {"example": '["contact_requested"]'},
        )
        return
    for name in events:
        if not isinstance(name, str) or name not in EVENTS:
            problem = _("names an event %(name)r that does not exist.") % {"name": name}
            yield problem, did_you_mean(name, EVENTS)


def check_encryption(**kwargs: Any) -> Iterator[CheckMessage]:
    """W031: a webhook uses http without `allow_private`, so its data is not encrypted."""
    for hook in webhooks():
        if urlsplit(hook.url).scheme == "http" and not hook.allow_private:
            yield Warning(
                _("The webhook %(url)s sends visitors' data without encryption.")
                % {"url": hook.url},
                hint=_("Use https."),
                id="sitechat.W031",
            )


CHECKS = (check_webhooks, check_encryption)
