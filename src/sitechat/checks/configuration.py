"""Are the settings what they can be? Errors here would otherwise meet a visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from sitechat import claude, limits, prices
from sitechat.chatbot import Chatbot
from sitechat.conf import SETTINGS, conf
from sitechat.ledger import get_ledger


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _text(value: Any) -> bool:
    return isinstance(value, (str, Promise)) and bool(str(value).strip())


def _maybe_text(value: Any) -> bool:
    return value is None or isinstance(value, (str, Promise))


def _texts(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    return is_list and all(map(_text, value))


VALID: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ANTHROPIC_API_KEY": (lambda v: v is None or _text(v), "a string"),
    "CHAT_MODEL": (_text, 'the name of a model, such as "claude-opus-4-7"'),
    "CHAT_MAX_TOKENS": (_whole(1), "a whole number of tokens, such as 1024"),
    "CHAT_MAX_HISTORY": (_whole(0), "a whole number of pairs, such as 10"),
    "CHAT_SYSTEM_PROMPT": (lambda v: isinstance(v, (str, Promise)), "a string"),
    "CHAT_MAX_MESSAGE_LENGTH": (_whole(1), "a whole number of characters, such as 2000"),
    "CHAT_TRUSTED_PROXIES": (_whole(0), "the number of proxies, such as 1"),
    "CHAT_RETENTION_DAYS": (_whole(1), "a whole number of days, such as 30"),
    "CHAT_MAX_STREAMS": (
        lambda v: v is None or _whole(0)(v),
        "None, or a whole number of streams, such as 8",
    ),
}
"""Which values of plain settings are valid, and how that is said."""

VALID_WIDGET: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_maybe_text, "a string"),
    "placeholder": (_maybe_text, "a string"),
    "greeting": (lambda v: isinstance(v, (str, Promise)), "a string"),
    "suggestions": (_texts, 'a list of strings, such as ["What does it cost?"]'),
    "accent": (_maybe_text, 'a colour as in CSS, such as "#8a4b14"'),
    "position": (lambda v: v in ("left", "right", None), '"left" or "right"'),
    "disclosure": (lambda v: isinstance(v, bool) or _maybe_text(v), "a string, True or False"),
}
"""The same for the keys of CHAT_WIDGET."""


def check_names(**kwargs: Any) -> Iterator[CheckMessage]:
    for name in dir(settings):
        if name.startswith("CHAT_") and name not in SETTINGS:
            near = get_close_matches(name, SETTINGS, n=1, cutoff=0.0)[0]
            yield Error(
                f"There is no setting {name}.",
                hint=f"Did you mean {near}? The others are: {', '.join(sorted(SETTINGS))}.",
                id="sitechat.E001",
            )


def check_values(**kwargs: Any) -> Iterator[CheckMessage]:
    for name, (valid, right) in VALID.items():
        value = getattr(conf, name)
        if not valid(value):
            shown = "of a wrong kind" if name == "ANTHROPIC_API_KEY" else repr(value)
            yield Error(f"{name} is {shown}.", hint=f"Set it to {right}.", id="sitechat.E002")


def check_limits(**kwargs: Any) -> Iterator[CheckMessage]:
    for problem in limits.problems(conf.CHAT_LIMITS):
        yield Error(
            problem,
            hint=f"Scopes: {', '.join(limits.SCOPES)}; units: {', '.join(limits.UNITS)}; "
            f"periods: {', '.join(limits.PERIODS)}.",
            id="sitechat.E003",
        )


def check_ledger(**kwargs: Any) -> Iterator[CheckMessage]:
    try:
        problems = get_ledger().problems()
    except ImproperlyConfigured as error:
        problems = [str(error)]
    for problem in problems:
        yield Error(
            problem,
            hint='Set CHAT_LEDGER = "sitechat.ledger.DatabaseLedger", the default.',
            id="sitechat.E004",
        )


def check_prices(**kwargs: Any) -> Iterator[CheckMessage]:
    for problem in prices.problems(conf.CHAT_PRICES):
        yield Error(
            problem,
            hint="Prices are dollars per million tokens.",
            id="sitechat.E005",
        )


def check_bots(**kwargs: Any) -> Iterator[CheckMessage]:
    right = 'CHAT_BOTS = {"default": "sitechat.Chatbot"}'
    bots = conf.CHAT_BOTS
    if not isinstance(bots, Mapping) or not bots:
        yield Error(f"CHAT_BOTS is {bots!r}.", hint=f"Write {right}.", id="sitechat.E006")
        return
    for name, path in bots.items():
        try:
            bot = import_string(path)
        except (ImportError, AttributeError, TypeError) as error:
            yield Error(
                f"CHAT_BOTS[{name!r}] is {path!r}, which can't be imported: {error}",
                hint=f"Write the dotted path of a class, as in {right}.",
                id="sitechat.E006",
            )
            continue
        if not (isinstance(name, str) and 0 < len(name) <= 64):
            yield Error(
                f"CHAT_BOTS has the name {name!r}.",
                hint="A bot's name is a string of 1 to 64 characters.",
                id="sitechat.E006",
            )
        if not (isinstance(bot, type) and issubclass(bot, Chatbot)):
            yield Error(
                f"CHAT_BOTS[{name!r}] is {path!r}, which is no subclass of sitechat.Chatbot.",
                hint="Write `class MyBot(sitechat.Chatbot)`.",
                id="sitechat.E006",
            )
        elif _text(bot.model) and not prices.known(bot.model):
            yield Warning(
                f"The price of the model {bot.model!r} (bot {name!r}) is not known: it is booked "
                "at the dearest price.",
                hint=f'Set CHAT_PRICES = {{"{bot.model}": {{"input": 3, "output": 15}}}} '
                "(dollars per million tokens).",
                id="sitechat.W002",
            )


def check_client(**kwargs: Any) -> Iterator[CheckMessage]:
    path = conf.CHAT_CLIENT
    if path is None:
        return
    try:
        if callable(import_string(path)):
            return
        problem = "is not callable"
    except (ImportError, AttributeError, TypeError) as error:
        problem = f"can't be imported: {error}"
    yield Error(
        f"CHAT_CLIENT is {path!r}, which {problem}.",
        hint="Write the dotted path of a callable that returns an async Anthropic client.",
        id="sitechat.E007",
    )


def check_widget(**kwargs: Any) -> Iterator[CheckMessage]:
    widget = conf.CHAT_WIDGET
    if not isinstance(widget, Mapping):
        yield Error(
            f"CHAT_WIDGET is {widget!r}.",
            hint='Write a dictionary, such as {"title": "Ask us"}.',
            id="sitechat.E008",
        )
        return
    for key, value in widget.items():
        if key not in VALID_WIDGET:
            near = get_close_matches(str(key), VALID_WIDGET, n=1, cutoff=0.0)[0]
            yield Error(
                f"CHAT_WIDGET has no {key!r}.",
                hint=f"Did you mean {near!r}? Known: {', '.join(sorted(VALID_WIDGET))}.",
                id="sitechat.E008",
            )
            continue
        valid, right = VALID_WIDGET[key]
        if not valid(value):
            yield Error(
                f"CHAT_WIDGET[{key!r}] is {value!r}.", hint=f"Write {right}.", id="sitechat.E008"
            )


def check_sessions(**kwargs: Any) -> Iterator[CheckMessage]:
    if not any(_is_session_middleware(path) for path in settings.MIDDLEWARE):
        yield Error(
            "sitechat keeps conversations in sessions, and SessionMiddleware is not installed.",
            hint='Put "django.contrib.sessions.middleware.SessionMiddleware" into MIDDLEWARE.',
            id="sitechat.E009",
        )


def _is_session_middleware(path: str) -> bool:
    from django.contrib.sessions.middleware import SessionMiddleware

    try:
        middleware = import_string(path)
    except ImportError:
        return False
    return isinstance(middleware, type) and issubclass(middleware, SessionMiddleware)


def check_key(**kwargs: Any) -> Iterator[CheckMessage]:
    if not claude.configured():
        yield Warning(
            "There is no key for Claude: visitors are told that the chat is not set up yet.",
            hint="Set ANTHROPIC_API_KEY in the environment or the settings, or CHAT_CLIENT.",
            id="sitechat.W001",
        )


CHECKS = (
    check_names,
    check_values,
    check_limits,
    check_ledger,
    check_prices,
    check_bots,
    check_client,
    check_widget,
    check_sessions,
    check_key,
)
