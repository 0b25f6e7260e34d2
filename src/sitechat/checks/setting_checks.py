"""Check the names and values of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from inspect import isabstract
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot
from sitechat.checks import dotted_paths
from sitechat.checks.dictionary_settings import check_dictionary, known_items
from sitechat.checks.valid_values import VALID_SETTINGS, VALID_WIDGET, WIDGET_SYNONYMS
from sitechat.claude import usage_costs
from sitechat.conf import DEFAULT_LEDGER, SETTINGS, conf


def _near_setting(name: str) -> str:
    """Return the setting that an unknown name probably means."""
    if name.upper().endswith("KEY"):
        return "ANTHROPIC_API_KEY"
    return get_close_matches(name.upper(), SETTINGS, n=1, cutoff=0.0)[0]


def check_names(**kwargs: Any) -> Iterator[CheckMessage]:
    """E001: a setting whose name begins with `CHAT_` does not exist."""
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
    """E002: a setting of VALID_SETTINGS has an invalid value."""
    for name, (valid, right) in VALID_SETTINGS.items():
        value = getattr(conf, name)
        if not valid(value):
            text = _("%(name)s is %(value)r, which is not valid.")
            if name == "ANTHROPIC_API_KEY":  # never show what may be a key
                text = _("%(name)s is of the wrong type.")
            yield Error(
                text % {"name": name, "value": value},
                hint=_("Set it to %(right)s.") % {"right": right},
                id="sitechat.E002",
            )


def check_ledger(**kwargs: Any) -> Iterator[CheckMessage]:
    """E004: CHAT_LEDGER can't be used, or its counts would not be reliable."""
    path = conf.CHAT_LEDGER
    if path == DEFAULT_LEDGER:
        return
    # Imported here to keep the start fast: most sites use the default ledger, which needs no check.
    from sitechat.ledger import get_ledger

    right = _('Set CHAT_LEDGER = "sitechat.ledger.DatabaseLedger", the default.')
    resolved = dotted_paths.resolve(path, _is_ledger, _("a ledger"))
    if resolved.problem:
        yield from resolved.errors("CHAT_LEDGER", valid=right, id="sitechat.E004")
        return
    for problem in get_ledger().problems():
        yield Error(problem, hint=right, id="sitechat.E004")


def _is_ledger(value: Any) -> bool:
    # Imported here to keep the start fast, as above.
    from sitechat.ledger import Ledger

    return isinstance(value, type) and issubclass(value, Ledger) and not isabstract(value)


def check_prices(**kwargs: Any) -> Iterator[CheckMessage]:
    """E005: an entry of CHAT_PRICES is invalid."""
    for problem in usage_costs.problems(conf.CHAT_PRICES):
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
    yield from dotted_paths.resolve(path, callable, "callable").errors(
        "CHAT_CLIENT",
        valid=_("Write the dotted path of a callable that returns an async Anthropic client."),
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
    yield from check_dictionary(
        name,
        widget,
        VALID_WIDGET,
        example='{"title": "Ask us"}',
        id="sitechat.E008",
        synonyms=WIDGET_SYNONYMS,
    )
    for key, value in known_items(widget, VALID_WIDGET):
        valid, right = VALID_WIDGET[key]
        if not valid(value):
            shown = _("%(name)s[%(key)r] is %(value)r, which is not valid.") % {
                "name": name,
                "key": key,
                "value": value,
            }
            yield Error(
                shown, hint=_("Write %(example)s.") % {"example": right}, id="sitechat.E008"
            )


def check_sessions(**kwargs: Any) -> Iterator[CheckMessage]:
    """E009: MIDDLEWARE contains neither SessionMiddleware nor a subclass."""
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
