"""Check that Claude accepts the key and that the models support what the bots request.

The settings are those of the machine on which the doctor runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sitechat import claude
from sitechat.chatbot import Chatbot, usable_bots
from sitechat.claude import catalog, fallback_support
from sitechat.claude.messages import HOUR, messages, system
from sitechat.claude.owner_explanations import advice_for
from sitechat.claude.request import Request
from sitechat.errors import ReplyError
from sitechat.models import Asker, Usage
from sitechat.reports import asking_bots
from sitechat.reports.doctor.finding import Finding
from sitechat.reports.doctor.model_lists import ListedModels, list_models, supported

if TYPE_CHECKING:
    from anthropic.types import ModelInfo

PROMPT = "You are asked whether you can be reached."
QUESTION = "Answer with the one word: yes"
TOKENS = 16
"""Maximum tokens of the answer, without thinking."""

MIN_SIMILARITY = 0.7
"""Minimum similarity, from 0 to 1, for which a similar model name is suggested."""


@dataclass(frozen=True)
class CallOutcome:
    """The result of one question to Claude. `error` says why the question failed, if it did."""

    model: str
    usage: Usage | None = None
    """The usage; None if it could not be stored."""
    error: ReplyError | None = None
    text: str = ""


def examine(bot_name: str) -> Iterator[Finding]:
    """Ask Claude one short question for a bot, and look up the models of all bots.

    Without a key, nothing is asked, and the only finding says so.

    Args:
        bot_name: A name in CHAT_BOTS; empty for "default", or for the first bot if there is no
            "default". If there is no such bot on this machine, nothing is asked, and the only
            finding says so.
    """
    if not claude.configured():
        yield Finding(
            _("Claude accepts the key"),
            None,
            _("this machine has no key"),
            _("Set ANTHROPIC_API_KEY, or run this where the site runs."),
        )
        return
    if bot_name and (problem := asking_bots.unknown_bot(bot_name)):
        yield Finding(
            _("Claude accepts the key"), None, problem, _("Run this where the site runs.")
        )
        return
    bots = {bot.name: bot for bot in usable_bots()}
    bot = bots.get(bot_name) if bot_name else bots.get("default", next(iter(bots.values()), None))
    if bot is None:
        return  # the system checks report it
    asked: list[CallOutcome] = []
    listed: list[ListedModels] = []
    models = {each.model for each in bots.values()}
    models |= {each.fallback_model for each in bots.values() if each.fallback_model}

    async def ask() -> None:
        # Load the SDK before the time is measured. The question reports errors.
        with suppress(Exception):
            await claude.current_client()
        asked.append(await _ask(bot))
        listed.append(await list_models(sorted(models)))

    asking_bots.run(ask())
    yield _accepts(asked[0])
    yield from _models(bots.values(), listed[0])
    yield from _fallbacks(bots.values(), listed[0])


async def _ask(bot: Chatbot) -> CallOutcome:
    request = Request(
        model=bot.model,
        max_tokens=TOKENS,
        messages=messages([], question=QUESTION),
        system=system(PROMPT, caching=bot.caching, for_hour=bot.cache_lifetime == HOUR),
        thinking=bot.thinking,
        effort=bot.effort,
        fallback_model=bot.fallback_model or "",
    )
    live = asking_bots.live_reply(request, bot, Asker.DOCTOR)
    usage = None
    with suppress(DatabaseError):  # Claude has answered, but the usage can't be stored here
        usage = await asking_bots.answer(live)
    error = live.ending.error if live.ending is not None else None
    return CallOutcome(live.model, usage, error, live.reply.text)


def _accepts(asked: CallOutcome) -> Finding:
    point = _("Claude accepts the key")
    if asked.error is not None:
        failure = asked.error.failure
        seen = f"{asked.model}: {asked.error.code if failure is None else failure}"
        advice = "" if failure is None else advice_for(failure, model=asked.model)
        return Finding(point, False, seen, advice or _("See the log."))
    seen = _("%(model)s answered") % {"model": asked.model}
    if asked.usage is not None and asked.usage.total_ms is not None:
        seen = _("%(model)s answered in %(seconds)s s, for $%(dollars)s") % {
            "model": asked.model,
            "seconds": f"{asked.usage.total_ms / 1000:.1f}",
            "dollars": f"{asked.usage.dollars:.5f}",
        }
    return Finding(point, True, seen)


def _models(bots: Iterable[Chatbot], listed: ListedModels) -> Iterator[Finding]:
    if listed.problem:
        yield Finding(
            _("The models exist"),
            None,
            _("the API does not list its models (%(problem)s)") % {"problem": listed.problem},
        )
        return
    for bot in bots:
        yield _model(bot, listed)


def _model(bot: Chatbot, listed: ListedModels) -> Finding:
    point = _("The model of the bot %(bot)r") % {"bot": bot.name}
    info = listed.infos.get(bot.model)
    if info is None:
        near = get_close_matches(bot.model, listed.ids, n=1, cutoff=MIN_SIMILARITY)
        advice = [_("Did you mean %(near)s?") % {"near": near[0]}] if near else []
        advice.append(_("Known: %(names)s.") % {"names": ", ".join(listed.ids)})
        return Finding(point, False, _not_listed(bot.model, listed), " ".join(advice))
    lacks = [*_lacks(bot, info)]
    lifecycle = str(getattr(info, "lifecycle", None) or "active")
    seen = f"{_lifecycle(bot.model, lifecycle, info)}, {_sizes(info)}"
    if lifecycle == "retired":
        return Finding(point, False, seen, _("Choose another, and try it with chat_eval."))
    if lacks:
        cures = " ".join(cure for _lack, cure in lacks)
        return Finding(point, False, f"{seen}; {', '.join(lack for lack, _cure in lacks)}", cures)
    if lifecycle == "deprecated":
        return Finding(point, None, seen, _("Choose another soon, and try it with chat_eval."))
    return Finding(point, True, seen)


def _fallbacks(bots: Iterable[Chatbot], listed: ListedModels) -> Iterator[Finding]:
    """Report whether each fallback model exists, and whether the API or the chat asks it."""
    for bot in bots:
        if not bot.fallback_model:
            continue
        point = _("The fallback model of the bot %(bot)r") % {"bot": bot.name}
        if not listed.problem and bot.fallback_model not in listed.infos:
            seen = _not_listed(bot.fallback_model, listed)
            yield Finding(
                point, False, seen, _("Known: %(names)s.") % {"names": ", ".join(listed.ids)}
            )
            continue
        yield Finding(point, True, _fallback_description(bot, listed))


def _fallback_description(bot: Chatbot, listed: ListedModels) -> str:
    """Return whether the API or the chat asks the bot's fallback model, and why."""
    fallback, model = bot.fallback_model or "", catalog.find(bot.model)
    names = {"fallback": fallback, "model": bot.model}
    if model is None or not model.hands_over_to(fallback):
        return (
            _("after a refusal, and if %(model)s is overloaded, the chat itself asks %(fallback)s")
            % names
        )
    allowed = getattr(listed.infos.get(bot.model), "allowed_fallback_models", None)
    is_allowed = allowed is None or catalog.base_name(fallback) in map(catalog.base_name, allowed)
    if not is_allowed or not fallback_support.is_accepted(bot.model, fallback):
        return (
            _(
                "the server refuses `fallbacks` from %(model)s, so after a refusal, and if "
                "%(model)s is overloaded, the chat itself asks %(fallback)s"
            )
            % names
        )
    return (
        _(
            "the API hands over to %(fallback)s after a refusal; the chat asks it if %(model)s is "
            "overloaded"
        )
        % names
    )


def _not_listed(model: str, listed: ListedModels) -> str:
    count = len(listed.ids)
    return ngettext(
        "%(model)s is not among the %(count)s model of this key",
        "%(model)s is not among the %(count)s models of this key",
        count,
    ) % {"model": model, "count": count}


def _lifecycle(model: str, state: str, info: ModelInfo) -> str:
    retires = getattr(info, "retires_at", None)
    if retires is None:
        return _("%(model)s is %(state)s") % {"model": model, "state": state}
    day = f"{retires:%Y-%m-%d}"
    return _("%(model)s is %(state)s until %(date)s") % {
        "model": model,
        "state": state,
        "date": day,
    }


def _sizes(info: ModelInfo) -> str:
    """Return a text about the maximum input and output, as far as the API reports them."""
    longest = {"input": getattr(info, "max_input_tokens", None), "output": info.max_tokens}
    if all(longest.values()):
        return _("%(input)s tokens in and %(output)s tokens out") % longest
    if longest["input"]:
        return _("%(input)s tokens in") % longest
    return _("%(output)s tokens out") % longest if longest["output"] else _("of unknown size")


def _lacks(bot: Chatbot, info: ModelInfo) -> Iterator[tuple[str, str]]:
    """Yield each feature that the bot requests and the model lacks, and what to do about it."""
    request = Request(bot.model, bot.max_tokens, [], thinking=bot.thinking, effort=bot.effort)
    longest = max(request.max_output, bot.max_tokens)
    if info.max_tokens and longest > info.max_tokens:
        yield (
            _("answers of %(longest)s tokens are too long for it") % {"longest": longest},
            _("Lower CHAT_MAX_TOKENS (or the bot's max_tokens)."),
        )
    parameters = request.parameters()
    thinking = parameters.get("thinking", {}).get("type", "")
    effort = parameters.get("output_config", {}).get("effort", "")
    for wanted, path, name in (
        (bot.citations and bot.search, ("citations",), "citations"),
        (thinking, ("thinking", "types", thinking), "thinking"),
        (effort, ("effort", effort), "effort"),
    ):
        if wanted and supported(info, *path) is False:
            what = name if name == "citations" else f"{name} {path[-1]!r}"
            yield _("it does not support %(what)s") % {"what": what}, _instead(name)


def _instead(name: str) -> str:
    if name == "effort":
        return _("Update django-sitechat, or choose another model.")
    return _("Set %(name)s = False on the bot, or choose another model.") % {"name": name}
