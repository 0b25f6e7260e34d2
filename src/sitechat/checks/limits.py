"""Check that CHAT_LIMITS is valid and allows at least one message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot, usable_bots
from sitechat.claude import usage_costs
from sitechat.claude.messages import HOUR, messages, system
from sitechat.claude.prompt_notes import APPROVED_NOTE, UNANSWERED_NOTE
from sitechat.claude.request import Request
from sitechat.conf import conf
from sitechat.engine.reply_costs import Spending, max_final_spending, max_spending
from sitechat.ledger import limits

CENT = Decimal("0.01")


def check_limits(**kwargs: Any) -> Iterator[CheckMessage]:
    """E003, E022: an entry is invalid, or so small that every message is refused."""
    problems = limits.problems(conf.CHAT_LIMITS)
    for problem in problems:
        yield Error(
            problem,
            hint=_("Scopes: %(scopes)s; units: %(units)s; periods: %(periods)s.")
            % {
                "scopes": ", ".join(limits.SCOPES),
                "units": ", ".join(limits.UNITS),
                "periods": ", ".join(limits.PERIODS),
            },
            id="sitechat.E003",
        )
    if not problems and not usage_costs.problems(conf.CHAT_PRICES):
        for bot in usable_bots():
            yield from _too_small(bot)


def _too_small(bot: Chatbot) -> Iterator[CheckMessage]:
    """Yield an error for each limit that is too small for the shortest message to a bot."""
    if not isinstance(bot.max_tokens, int) or not isinstance(bot.fallback_model, str | None):
        return  # check_values and check_bots report them
    shortest = _shortest(bot)
    lowest = max_spending(shortest)
    needed = {"tokens": lowest.tokens, "usd": limits.nano_dollars(lowest.dollars)}
    for limit in limits.current_limits():
        if needed.get(limit.unit, 0) <= limit.cap:
            continue
        highest = _highest_case(bot, shortest)
        amount = (
            f"{highest.tokens}" if limit.unit == "tokens" else f"{_rounded_up(highest.dollars)}"
        )
        yield Error(
            _(
                'CHAT_LIMITS["%(scope)s"] has "%(limit)s", which is too small for any '
                "message: the shortest one to the bot %(bot)r reserves up to %(amount)s "
                "%(unit)s."
            )
            % {
                "scope": limit.scope,
                "limit": limit,
                "bot": bot.name,
                "amount": amount,
                "unit": limit.unit,
            },
            hint=_(
                'Raise it to at least "%(amount)s %(unit)s/%(period)s"; a conversation needs '
                "several times as much. Or lower CHAT_MAX_TOKENS, or choose a cheaper model."
            )
            % {"amount": amount, "unit": limit.unit, "period": limit.period},
            id="sitechat.E022",
        )


def _shortest(bot: Chatbot) -> Request:
    """Return the request for a first message of one character, without pages and context.

    A system prompt that the bot itself computes is left out.
    """
    is_plain = type(bot).system_prompt is Chatbot.system_prompt
    prompt = str(conf.CHAT_SYSTEM_PROMPT) if is_plain else ""
    return Request(
        model=bot.model,
        max_tokens=bot.max_tokens,
        system=system(prompt, APPROVED_NOTE, UNANSWERED_NOTE, for_hour=bot.cache_lifetime == HOUR),
        messages=messages([], question="?"),
        thinking=bot.thinking,
        effort=bot.effort,
        fallback_model=bot.fallback_model or "",
    )


def _highest_case(bot: Chatbot, shortest: Request) -> Spending:
    """Return the most that the shortest message can reserve.

    Inference in the US is assumed, because it costs more. A bot that searches the site offers
    tools. With tools, a second request is reserved.
    """
    # Imported here to keep the start fast: the tools import the search, and only errors contain
    # this amount.
    from sitechat.claude.tool_schemas import definition
    from sitechat.conversations.search_tools import SITE_TOOLS

    tools = tuple(map(definition, SITE_TOOLS)) if bot.search else ()
    longest = replace(shortest, tools=tools, in_us=True)
    return max_spending(longest) + max_final_spending(longest)


def _rounded_up(dollars: Decimal) -> Decimal:
    """Return dollars rounded up to whole cents, or amounts below one cent to 0.00001 dollars."""
    unit = CENT if dollars >= CENT else Decimal("0.00001")
    return dollars.quantize(unit, ROUND_CEILING)


CHECKS = (check_limits,)
