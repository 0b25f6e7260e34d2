"""The spending of a reply: what it has used, and what a request may use at most.

`claude.request` computes the maximum cost of one call. This module adds the final request after
tools, and requests whose usage Claude has not reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any, TypedDict

from sitechat import claude
from sitechat.claude import usage_costs
from sitechat.claude.request import Request
from sitechat.claude.token_usage import TokenUsage
from sitechat.claude.usage_by_model import ModelUsage, total
from sitechat.ledger.claims import Reservation

RESULTS_ROOM = 2000
"""Tokens reserved for tool results in the final request of a reply: two or three passages. The
unused part of the first request's reservation is available for results, too."""

OUTPUT_PER_SECOND = 250
"""An upper bound of the output tokens per second of any model.

Anthropic guarantees no speed. Artificial Analysis measures about 45 for Opus, 65 for Sonnet and up
to 200 for the fastest Haiku. The fast mode of large models, up to 2.5 times as fast, is not used
here and would stay below this too
(https://platform.claude.com/docs/en/build-with-claude/fast-mode).
"""


@dataclass(frozen=True)
class Spending:
    """The actual or maximum usage of requests, in tokens and dollars."""

    usage: TokenUsage = field(default_factory=TokenUsage)
    dollars: Decimal = Decimal(0)
    exact: bool = True
    """Whether all counts are Claude's own final ones."""
    usage_by_model: tuple[ModelUsage, ...] = ()
    """The usage of each model that tried to answer, as far as Claude reported it."""

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            self.usage + other.usage,
            self.dollars + other.dollars,
            self.exact and other.exact,
            (*self.usage_by_model, *other.usage_by_model),
        )

    def by_model(self) -> list[dict[str, Any]] | None:
        """Return the tokens and dollars of each model, as JSON; None if at most one model wrote."""
        models = dict.fromkeys(each.model for each in self.usage_by_model)
        return [self._of_model(model) for model in models] if len(models) > 1 else None

    def _of_model(self, model: str) -> dict[str, Any]:
        own = [each for each in self.usage_by_model if each.model == model]
        usage = total(own)
        counts = {name: value for name, value in vars(usage).items() if isinstance(value, int)}
        dollars = sum((usage_costs.cost(model, each.usage) for each in own), Decimal(0))
        return {"model": model, **counts, "dollars": str(dollars)}

    @property
    def tokens(self) -> int:
        """All tokens, as counted by limits."""
        return self.usage.entire_input + self.usage.output_tokens


class Reserved(TypedDict):
    """The content of `Message.reserved`, with which other processes can settle a reply.

    The tokens and dollars are the amount to book if the process dies: the maximum cost of all
    requests sent so far.
    """

    claims: Reservation | None
    """The ledger's reservation; None for replies that do not count in limits."""
    model: str
    input_tokens: int
    output_tokens: int
    dollars: str
    """A decimal number."""


def spent_on(call: claude.Call, seconds: float) -> Spending:
    """Return the usage of a call so far, or its maximum while the usage is not known.

    Args:
        call: The call, which may be running, finished or cut off.
        seconds: The seconds since its start.
    """
    if call.usage_is_known:
        return Spending(call.usage, call.dollars, call.exact, tuple(call.usage_by_model))
    return max_unreported_spending(call.request, seconds)


def max_unreported_spending(request: Request, seconds: float) -> Spending:
    """Return the maximum that Claude can bill for a request without any reported usage.

    Claude bills the input of an accepted request, and the output until the connection is closed.
    Claude reports the input before any output (`message_start`), but a gateway may delay events. So
    the output that is possible in the elapsed time is counted too.
    """
    possible = ceil(max(0.0, seconds) * OUTPUT_PER_SECOND)
    return _at_most(request, request.max_input, min(request.max_output, possible))


def max_spending(request: Request) -> Spending:
    """Return the maximum usage and cost of a request."""
    return _at_most(request, request.max_input, request.max_output)


def max_final_spending(request: Request) -> Spending:
    """Return the maximum usage and cost of the final request after tools.

    It is zero if the request offers no tools.
    """
    if not (request.tools and request.may_use_tools):
        return Spending(exact=False)
    input_tokens = request.max_input + request.max_output + RESULTS_ROOM
    return _at_most(request, input_tokens, request.max_output)


def _at_most(request: Request, input_tokens: int, output_tokens: int) -> Spending:
    maximum = request.max_cost_of(input_tokens, output_tokens)
    usage = TokenUsage(maximum.input_tokens, maximum.output_tokens)
    return Spending(usage, maximum.dollars, exact=False)


def as_reserved(model: str, sent: Spending, claims: Reservation | None) -> Reserved:
    """Return the value of `Message.reserved`.

    Args:
        model: The model.
        sent: The maximum cost of all requests sent so far.
        claims: The ledger's reservation; None for replies that do not count in limits.
    """
    return {
        "claims": claims,
        "model": model,
        "input_tokens": sent.tokens - sent.usage.output_tokens,
        "output_tokens": sent.usage.output_tokens,
        "dollars": str(sent.dollars),
    }


def from_row(stored: Mapping[str, Any] | None) -> tuple[Reserved, Spending]:
    """Return the content of `Message.reserved`, and the amount to book that it stores.

    An empty column (None) becomes a reservation of nothing.
    """
    values = stored or {}
    usage = TokenUsage(values.get("input_tokens", 0), values.get("output_tokens", 0))
    sent = Spending(usage, Decimal(values.get("dollars", 0)), exact=False)
    return as_reserved(values.get("model", ""), sent, values.get("claims")), sent
