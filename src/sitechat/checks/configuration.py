"""Check the names and values of settings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from inspect import isabstract
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.chatbot import Chatbot
from sitechat.checks import dotted
from sitechat.checks.colors import is_color
from sitechat.claude import prices
from sitechat.conf import DEFAULT_DOCUMENT_BUDGET, DEFAULT_READ_LIMITS, SETTINGS, conf
from sitechat.events import owner_addresses
from sitechat.ledger import Ledger, get_ledger


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


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
"""Modifiers and one key. A key without modifiers would be typed into the page's inputs."""


def _budget(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == set(DEFAULT_DOCUMENT_BUDGET)
        and all(
            isinstance(part, (int, float)) and not isinstance(part, bool) and 0 < part < math.inf
            for part in value.values()
        )
    )


def _read_limits(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        key in DEFAULT_READ_LIMITS and _whole(1)(number) for key, number in value.items()
    )


def _addressees(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(owner_addresses()) == len(value)


def _is_stale_time(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 3 <= value <= 3600


VALID: dict[str, tuple[Callable[[Any], bool], str | Promise]] = {
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
        _addressees,
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
"""A validator and a description of valid values, for each simple setting."""

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
    "privacy_url": (_maybe_text, gettext_lazy('an address, such as "/privacy/"')),
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


OTHER_WORDS = {"color": "accent", "colour": "accent", "side": "position", "icon": "logo"}
"""Names that other widgets use for keys of CHAT_WIDGET."""


def _nearest(name: str, names: Iterable[str]) -> str:
    return get_close_matches(name, names, n=1, cutoff=0.0)[0]


def _near_setting(name: str) -> str:
    """Return the setting that an unknown name probably means."""
    if name.upper().endswith("KEY"):
        return "ANTHROPIC_API_KEY"
    return _nearest(name.upper(), SETTINGS)


def check_names(**kwargs: Any) -> Iterator[CheckMessage]:
    """E001: a setting does not exist."""
    for name in dir(settings):
        if name.startswith("CHAT_") and name not in SETTINGS:
            near = _near_setting(name)
            yield Error(
                _("There is no setting %(name)s.") % {"name": name},
                hint=_("Did you mean %(near)s? Valid names are %(names)s.")
                % {"near": near, "names": ", ".join(sorted(SETTINGS))},
                id="sitechat.E001",
            )


def check_values(**kwargs: Any) -> Iterator[CheckMessage]:
    """E002: a setting has an invalid value."""
    for name, (valid, right) in VALID.items():
        value = getattr(conf, name)
        if not valid(value):
            shown = _("of a wrong kind") if name == "ANTHROPIC_API_KEY" else repr(value)
            yield Error(
                _("%(name)s is %(shown)s.") % {"name": name, "shown": shown},
                hint=_("Set it to %(right)s.") % {"right": right},
                id="sitechat.E002",
            )


def check_ledger(**kwargs: Any) -> Iterator[CheckMessage]:
    """E004: CHAT_LEDGER can't be used, or its counts would not be reliable."""
    path = conf.CHAT_LEDGER
    right = _('Set CHAT_LEDGER = "sitechat.ledger.DatabaseLedger", the default.')
    found = dotted.resolve(path, _is_ledger, _("a ledger"))
    if found.problem:
        yield Error(
            _("%(name)s is %(value)r, %(problem)s.")
            % {"name": "CHAT_LEDGER", "value": path, "problem": found.problem},
            hint=found.hint(right),
            id="sitechat.E004",
        )
        return
    for problem in get_ledger().problems():
        yield Error(problem, hint=right, id="sitechat.E004")


def _is_ledger(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Ledger) and not isabstract(value)


def check_prices(**kwargs: Any) -> Iterator[CheckMessage]:
    """E005: an entry of CHAT_PRICES is invalid."""
    for problem in prices.problems(conf.CHAT_PRICES):
        yield Error(
            problem,
            hint=_("Prices are dollars per million tokens."),
            id="sitechat.E005",
        )


def check_client(**kwargs: Any) -> Iterator[CheckMessage]:
    """E007: CHAT_CLIENT is not the path of a callable."""
    path = conf.CHAT_CLIENT
    if path is None:
        return
    found = dotted.resolve(path, callable, "callable")
    if found.problem:
        yield Error(
            _("%(name)s is %(value)r, %(problem)s.")
            % {"name": "CHAT_CLIENT", "value": path, "problem": found.problem},
            hint=found.hint(
                _("Write the dotted path of a callable that returns an async Anthropic client.")
            ),
            id="sitechat.E007",
        )


def check_widget(**kwargs: Any) -> Iterator[CheckMessage]:
    """E008: CHAT_WIDGET or `Chatbot.widget` has an unknown key or an invalid value."""
    yield from _widget_problems("CHAT_WIDGET", conf.CHAT_WIDGET)
    bots = conf.CHAT_BOTS
    for path in bots.values() if isinstance(bots, Mapping) else ():
        try:
            bot = import_string(path)
        except Exception:  # noqa: S112 - check_bots reports errors of the import
            continue
        if isinstance(bot, type) and issubclass(bot, Chatbot):
            yield from _widget_problems(f"{bot.__name__}.widget", bot.widget)


def _widget_problems(name: str, widget: object) -> Iterator[CheckMessage]:
    if not isinstance(widget, Mapping):
        yield Error(
            _("%(name)s is %(value)r.") % {"name": name, "value": widget},
            hint=_("Write a dictionary, such as %(example)s.") % {"example": '{"title": "Ask us"}'},
            id="sitechat.E008",
        )
        return
    for key, value in widget.items():
        if key not in VALID_WIDGET:
            near = OTHER_WORDS.get(str(key).lower()) or _nearest(str(key), VALID_WIDGET)
            yield Error(
                _("%(name)s has no %(key)r.") % {"name": name, "key": key},
                hint=_("Did you mean %(near)r? Known: %(names)s.")
                % {"near": near, "names": ", ".join(sorted(VALID_WIDGET))},
                id="sitechat.E008",
            )
            continue
        valid, right = VALID_WIDGET[key]
        if not valid(value):
            shown = _("%(name)s[%(key)r] is %(value)r.") % {
                "name": name,
                "key": key,
                "value": value,
            }
            yield Error(
                shown, hint=_("Write %(example)s.") % {"example": right}, id="sitechat.E008"
            )


def check_sessions(**kwargs: Any) -> Iterator[CheckMessage]:
    """E009: SessionMiddleware is missing."""
    if not any(_is_session_middleware(path) for path in settings.MIDDLEWARE):
        yield Error(
            _("sitechat needs sessions, but SessionMiddleware is not installed."),
            hint=_('Put "django.contrib.sessions.middleware.SessionMiddleware" into MIDDLEWARE.'),
            id="sitechat.E009",
        )


def _is_session_middleware(path: str) -> bool:
    from django.contrib.sessions.middleware import SessionMiddleware

    try:
        middleware = import_string(path)
    except ImportError:
        return False
    return isinstance(middleware, type) and issubclass(middleware, SessionMiddleware)


CHECKS = (
    check_names,
    check_values,
    check_ledger,
    check_prices,
    check_client,
    check_widget,
    check_sessions,
)
