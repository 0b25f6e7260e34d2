"""The valid values of settings, and of keys of CHAT_WIDGET."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from sitechat.checks.colors import is_color
from sitechat.conf import DEFAULT_DOCUMENT_BUDGET, DEFAULT_READ_LIMITS
from sitechat.events import owner_addresses


def _whole(minimum: int) -> Callable[[Any], bool]:
    """Return a function that returns whether a value is a whole number from a minimum on."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= minimum


def _text(value: Any) -> bool:
    return isinstance(value, (str, Promise)) and bool(str(value).strip())


def _maybe_text(value: Any) -> bool:
    return value is None or isinstance(value, (str, Promise))


def _maybe_color(value: Any) -> bool:
    return value is None or (isinstance(value, (str, Promise)) and is_color(str(value)))


def _texts(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    return is_list and all(map(_text, value))


def _is_shortcut(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(SHORTCUT.fullmatch(value)))


SHORTCUT = re.compile(r"(?:(?:ctrl|alt|shift)\+)+\S", re.IGNORECASE)
"""One or more modifiers and a key. A key alone types a character into text fields."""


def _budget(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == set(DEFAULT_DOCUMENT_BUDGET)
        and all(
            isinstance(part, (int, float)) and not isinstance(part, bool) and 0 < part < math.inf
            for part in value.values()
        )
    )


def _maybe_link(value: Any) -> bool:
    """Return whether a value is None, or an address without a scheme or with http or https."""
    if value is None or not _maybe_text(value):
        return value is None
    return not re.match(r"[\s\x00-\x1f]*(?!https?:)[a-z][a-z0-9+.-]*:", str(value), re.I)


def _read_limits(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        key in DEFAULT_READ_LIMITS and _whole(1)(number) for key, number in value.items()
    )


def _addresses(value: Any) -> bool:
    """Return whether CHAT_NOTIFY is a list, and each entry has an address.

    `owner_addresses` reads the setting itself, so `value` must be its current value.
    """
    return isinstance(value, (list, tuple)) and len(owner_addresses()) == len(value)


def _is_stale_time(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 3 <= value <= 3600


VALID_SETTINGS: dict[str, tuple[Callable[[Any], bool], str | Promise]] = {
    "ANTHROPIC_API_KEY": (lambda v: v is None or _text(v), gettext_lazy("a string")),
    "CHAT_MODEL": (_text, gettext_lazy('the name of a model, such as "claude-opus-4-7"')),
    "CHAT_MAX_TOKENS": (_whole(1), gettext_lazy("a whole number of tokens, such as 1024")),
    "CHAT_MAX_HISTORY": (_whole(0), gettext_lazy("a whole number of pairs, such as 10")),
    "CHAT_SYSTEM_PROMPT": (lambda v: isinstance(v, (str, Promise)), gettext_lazy("a string")),
    "CHAT_MAX_MESSAGE_LENGTH": (
        _whole(1),
        gettext_lazy("a whole number of characters, such as 2000"),
    ),
    "CHAT_TRUSTED_PROXIES": (_whole(0), gettext_lazy("the number of proxies, such as 1")),
    "CHAT_RETENTION_DAYS": (_whole(1), gettext_lazy("a whole number of days, such as 30")),
    "CHAT_CONSENT": (lambda v: isinstance(v, (str, Promise)), gettext_lazy("a string")),
    "CHAT_CONTACT_RETENTION_DAYS": (_whole(1), gettext_lazy("a whole number of days, such as 365")),
    "CHAT_NOTIFY": (
        _addresses,
        gettext_lazy('a list of addresses, such as ["owner@example.org"]'),
    ),
    "CHAT_MAX_STREAMS": (
        lambda v: v is None or _whole(0)(v),
        gettext_lazy("None, or a whole number of streams, such as 8"),
    ),
    "CHAT_STALE_AFTER": (
        _is_stale_time,
        gettext_lazy("a number of seconds from 3 to 3600, such as 15"),
    ),
    "CHAT_DOCUMENT_BUDGET": (
        _budget,
        gettext_lazy('a dictionary of positive numbers, such as {"seconds": 5, "megabytes": 512}'),
    ),
    "CHAT_READ_LIMITS": (
        _read_limits,
        format_lazy(
            gettext_lazy("a dictionary of whole numbers from 1 on, with keys of: {keys}"),
            keys=", ".join(f'"{key}"' for key in DEFAULT_READ_LIMITS),
        ),
    ),
    "CHAT_REQUEST_ISOLATION": (lambda v: isinstance(v, bool), gettext_lazy("True or False")),
}
"""A validator and a description of valid values, for each setting that E002 is about."""

VALID_WIDGET: dict[str, tuple[Callable[[Any], bool], str | Promise]] = {
    "title": (_maybe_text, gettext_lazy("a string")),
    "placeholder": (_maybe_text, gettext_lazy("a string")),
    "greeting": (lambda v: isinstance(v, (str, Promise)), gettext_lazy("a string")),
    "suggestions": (_texts, gettext_lazy('a list of strings, such as ["What does it cost?"]')),
    "accent": (
        _maybe_color,
        gettext_lazy('a color that CSS can read, such as "#8a4b14" or "teal"'),
    ),
    "position": (lambda v: v in ("left", "right", None), gettext_lazy('"left" or "right"')),
    "disclosure": (
        lambda v: isinstance(v, bool) or _maybe_text(v),
        gettext_lazy("a string, True or False"),
    ),
    "privacy_url": (_maybe_link, gettext_lazy('an address, such as "/privacy/"')),
    "theme": (
        lambda v: v in ("auto", "light", "dark", None),
        gettext_lazy('"auto", "light" or "dark"'),
    ),
    "logo": (_maybe_text, gettext_lazy('a static file or an address, such as "shop/logo.svg"')),
    "launcher_label": (_maybe_text, gettext_lazy('a string, such as "Ask us"')),
    "launcher_icon": (
        _maybe_text,
        gettext_lazy('a static file or an address, such as "shop/ask.svg"'),
    ),
    "shortcut": (_is_shortcut, gettext_lazy('keys, such as "ctrl+i"')),
    "selection": (lambda v: isinstance(v, bool), gettext_lazy("True or False")),
}
"""A validator and a description of valid values, for each key of CHAT_WIDGET."""


WIDGET_SYNONYMS = {"color": "accent", "colour": "accent", "side": "position", "icon": "logo"}
"""Maps names that other chat widgets use to the keys of CHAT_WIDGET."""
