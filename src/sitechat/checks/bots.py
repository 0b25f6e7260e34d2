"""Check the bots of CHAT_BOTS and their models."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from inspect import getattr_static
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.chatbot import CACHE_LIFETIMES, Chatbot, usable_bots
from sitechat.checks import dotted_paths
from sitechat.claude import catalog, usage_costs
from sitechat.conf import conf

EXAMPLE = 'CHAT_BOTS = {"default": "sitechat.Chatbot"}'

NAME = re.compile(r"[\w.-]{1,64}")
"""Valid bot names. They are used in URLs, sessions and the database."""

NOT_IN_NAMES = re.compile(r"[/.@:]")
"""Characters of model names on Bedrock, Vertex and other servers. Claude's API has none."""

PREFIX = re.compile(r"^(?:.*/)?(?:(?:[a-z]+\.)?anthropic\.)?")
"""Prefixes of model names on Bedrock, Vertex and other servers."""

ATTRIBUTES: dict[str, tuple[Callable[[Any], bool], str | Promise]] = {
    "model": (
        lambda v: isinstance(v, str) and v != "",
        gettext_lazy('the name of a model, such as "claude-opus-4-7"'),
    ),
    "max_tokens": (
        lambda v: type(v) is int and v > 0,
        gettext_lazy("a whole number of tokens, such as 1024"),
    ),
    "max_tool_rounds": (
        lambda v: type(v) is int and v >= 0,
        gettext_lazy("a whole number, such as 3; 0 offers no tools"),
    ),
    "effort": (
        lambda v: v is None or v in catalog.EFFORTS,
        format_lazy(gettext_lazy("{values} or None"), values=", ".join(map(repr, catalog.EFFORTS))),
    ),
    "fallback_model": (
        lambda v: v is None or (isinstance(v, str) and v != ""),
        gettext_lazy('the name of a model, such as "claude-sonnet-5", or None'),
    ),
    "cache_lifetime": (
        lambda v: v in CACHE_LIFETIMES,
        ", ".join(map(repr, CACHE_LIFETIMES)),
    ),
}
"""A validator and a description of valid values, for each attribute of a bot's class."""

MIN_SIMILARITY = 0.8
"""Minimum similarity, from 0 to 1, of a name that is suggested."""


def check_bots(**kwargs: Any) -> Iterator[CheckMessage]:
    """E006, W023: CHAT_BOTS or an attribute of a bot is not valid, or there is no "default"."""
    bots = conf.CHAT_BOTS
    if not isinstance(bots, Mapping) or not bots:
        yield Error(
            _("%(name)s is %(value)r, which is not valid.") % {"name": "CHAT_BOTS", "value": bots},
            hint=_("Write %(example)s.") % {"example": EXAMPLE},
            id="sitechat.E006",
        )
        return
    errors = [*_errors(bots)]
    yield from errors
    if "default" not in bots and not errors:
        yield _without_default([*bots])


def _errors(bots: Mapping[Any, Any]) -> Iterator[CheckMessage]:
    for name, path in bots.items():
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            yield Error(
                _("CHAT_BOTS contains the invalid name %(name)r.") % {"name": name},
                hint=_(
                    "A bot's name has 1 to 64 letters, digits, hyphens, underscores and "
                    'dots, such as "support".'
                ),
                id="sitechat.E006",
            )
        resolved = dotted_paths.resolve(path, _is_bot, _("a subclass of sitechat.Chatbot"))
        right = _("Write the dotted path of a subclass of Chatbot, as in %(example)s.") % {
            "example": EXAMPLE
        }
        yield from resolved.errors(f"CHAT_BOTS[{name!r}]", valid=right, id="sitechat.E006")
        if not resolved.problem:
            yield from _attributes(name, resolved.value)


def _attributes(name: object, bot: type[Chatbot]) -> Iterator[CheckMessage]:
    """Check the attributes of a bot's class.

    An attribute that the class takes from a setting is left out: another check covers the setting.
    """
    for attribute, (is_valid, right) in ATTRIBUTES.items():
        value = getattr_static(bot, attribute)
        # Computed values, such as properties, are not known here.
        if not (hasattr(value, "__get__") or is_valid(value)):
            yield Error(
                _("The %(attribute)s of the bot %(bot)r is %(value)r, which is not valid.")
                % {"attribute": attribute, "bot": name, "value": value},
                hint=_("It can be %(right)s.") % {"right": right},
                id="sitechat.E006",
            )


def check_models(**kwargs: Any) -> Iterator[CheckMessage]:
    """W022, W002: the name or the price of a bot's model or fallback model is not known.

    W022 suggests a known model with a similar name. W002 is reported if there is none.
    """
    if usage_costs.problems(conf.CHAT_PRICES):
        return  # check_prices reports it
    for bot in usable_bots():
        for model in model_names(bot):
            if not usage_costs.has_price(model) or _is_of_another_server(model):
                yield _unknown_model(bot.name, model)


def model_names(bot: Chatbot) -> list[str]:
    """Return the names of a bot's model and fallback model. `check_bots` reports invalid ones."""
    names = (bot.model, bot.fallback_model)
    return [name for name in names if isinstance(name, str) and name]


def check_fallback_models(**kwargs: Any) -> Iterator[CheckMessage]:
    """W015: a bot's fallback model is the same as its model."""
    for bot in usable_bots():
        if bot.fallback_model is None or not isinstance(bot.fallback_model, str):
            continue
        if catalog.base_name(bot.fallback_model) == catalog.base_name(bot.model):
            yield Warning(
                _("The fallback_model of the bot %(bot)r is its model, %(model)s.")
                % {"bot": bot.name, "model": bot.model},
                hint=_(
                    "A model that refuses or is overloaded is not asked again: name another "
                    "one, or remove fallback_model."
                ),
                id="sitechat.W015",
            )


def check_efforts(**kwargs: Any) -> Iterator[CheckMessage]:
    """W012: a bot's model does not accept its effort."""
    for bot in usable_bots():
        model = catalog.find(bot.model)
        if model is None or bot.effort not in catalog.EFFORTS or bot.effort in model.efforts:
            continue
        nearest = model.nearest_effort(bot.effort)
        yield Warning(
            _(
                "The model %(model)s of the bot %(bot)r does not accept the effort %(effort)r: "
                "%(sent)s."
            )
            % {
                "model": bot.model,
                "bot": bot.name,
                "effort": bot.effort,
                "sent": _("%(effort)r is sent") % {"effort": nearest}
                if nearest
                else _("no effort is sent"),
            },
            hint=_("It accepts %(efforts)s.") % {"efforts": ", ".join(model.efforts)}
            if model.efforts
            else _("It accepts no effort."),
            id="sitechat.W012",
        )


def _is_bot(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Chatbot)


def _without_default(names: list[str]) -> CheckMessage:
    folded = {name.casefold(): name for name in names}
    near = get_close_matches("default", folded, n=1, cutoff=MIN_SIMILARITY)
    cure = (
        _('Rename %(name)r to "default"') % {"name": folded[near[0]]}
        if near
        else _('Name one of them "default"')
    )
    return Warning(
        _(
            'CHAT_BOTS has no "default": pages and calls that name no bot get the '
            "first of its bots, %(first)r."
        )
        % {"first": names[0]},
        hint=_("%(cure)s, or name a bot in every %(tag)s and silence this warning.")
        % {"cure": cure, "tag": "{% chat_widget %}"},
        id="sitechat.W023",
    )


def _unknown_model(bot: str, model: str) -> CheckMessage:
    meant = near_model(model)
    if meant:
        return Warning(
            _("This version does not know the model %(model)r of the bot %(bot)r.")
            % {"model": model, "bot": bot},
            hint=_("Did you mean %(meant)s? If %(model)s is right, set its price in CHAT_PRICES.")
            % {"meant": meant, "model": model},
            id="sitechat.W022",
        )
    return Warning(
        _(
            "The price of the model %(model)r (bot %(bot)r) is not known: it is "
            "booked at the highest price."
        )
        % {"model": model, "bot": bot},
        hint=_(
            'Set CHAT_PRICES = {"%(model)s": {"input": 3, "output": 15}} (dollars '
            "per million tokens)."
        )
        % {"model": model},
        id="sitechat.W002",
    )


def _is_of_another_server(model: str) -> bool:
    """Return whether a model's name is not one of Claude's API, but the site asks this API.

    A name with a price in CHAT_PRICES is accepted.
    """
    if conf.CHAT_CLIENT or os.environ.get("ANTHROPIC_BASE_URL") or model in conf.CHAT_PRICES:
        return False
    return NOT_IN_NAMES.search(model) is not None


def near_model(model: str) -> str:
    """Return the known model that a name probably means; "" if no known name is similar.

    These rules are tried in order:

    1. The name is a known one in another notation: "Claude Opus 4.7" means claude-opus-4-7.
    2. It is the beginning of a known name: "opus" means the newest Opus.
    3. It has the same words in another order: "claude-4-7-opus" means claude-opus-4-7.
    4. It is misspelled: "claude-opsu-4-7" means claude-opus-4-7.
    """
    offered = catalog.not_retired(timezone.now().date())
    known = [*(each.name for each in offered), *map(str, conf.CHAT_PRICES)]
    plain = re.sub(r"[\s._]+", "-", PREFIX.sub("", model.strip().lower()))
    for name in (catalog.base_name(model), plain, f"claude-{plain}"):
        if name in known:
            return name
    family = plain.removeprefix("claude-")
    for name in known:  # the newest models come first
        if name.startswith(f"claude-{family}-"):
            return name
    same_words = sorted(plain.removeprefix("claude-").split("-"))
    for name in known:
        if sorted(name.removeprefix("claude-").split("-")) == same_words:
            return name
    near = get_close_matches(plain, known, n=1, cutoff=MIN_SIMILARITY)
    return near[0] if near else ""


CHECKS = (check_bots, check_models, check_fallback_models, check_efforts)
