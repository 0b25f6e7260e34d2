"""The table of Claude's models: prices, retirement dates, limits and accepted parameters.

It is the only description of the models in the package. `standin.catalog` is an independent copy
of the rules that the API enforces, and a test compares the two. This module does no I/O and reads
no clock.

Sources: Anthropic's pages about pricing, models, prompt caching and deprecations, November 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""Values of `output_config.effort`, in ascending order."""

LARGEST_CONTEXT = 1_000_000
"""The largest context window of any model, in tokens. No count of a request can be higher."""


@dataclass(frozen=True)
class Price:
    """Prices in US dollars per million tokens. `cache_write` is a write to the 5-minute cache."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal


KINDS = tuple(field.name for field in fields(Price))
"""The kinds of tokens that have a price."""


@dataclass(frozen=True)
class LongContext:
    """The price of a request whose input has more than `above` tokens.

    It applies to all tokens of the request, also to those below the threshold.
    """

    above: int
    price: Price


@dataclass(frozen=True)
class Model:
    """One model. Sizes are in tokens."""

    name: str
    price: Price
    min_prefix: int
    """The smallest prefix that the model caches."""
    retires: date
    """The retirement date if `deprecated`, else the earliest possible one."""
    thinking: Literal["off", "on", "always"] = "off"
    """Whether the model thinks by default; "always" if that can't be switched off."""
    minimal_thinking: str = ""
    """The `thinking.type` with which the model thinks least; "" if no type reduces it."""
    minimal_thinking_up_to: str = EFFORTS[-1]
    """The highest effort that the model accepts together with `minimal_thinking`."""
    efforts: tuple[str, ...] = EFFORTS
    """The values of `output_config.effort` that the model accepts."""
    long_context: LongContext | None = None
    """The higher price of long requests; None if the price does not depend on the length."""
    context: int = LARGEST_CONTEXT
    """The size of the context window."""
    max_output: int = 128_000
    """The maximum output tokens of a request, with thinking."""
    deprecated: bool = False
    """Whether Anthropic has announced the retirement."""
    fallbacks: tuple[str, ...] = ()
    """The models that a request may name in `fallbacks`; empty if the model refuses the field."""

    def is_retired(self, today: date) -> bool:
        """Return whether the model has been retired by that day.

        Return False if Anthropic has not announced the retirement.
        """
        return self.deprecated and today >= self.retires

    def price_for(self, input_tokens: int) -> Price:
        """Return the price of a request with that many input tokens, cached or not."""
        if self.long_context is not None and input_tokens > self.long_context.above:
            return self.long_context.price
        return self.price

    def hands_over_to(self, model: str) -> bool:
        """Return whether the API itself can pass a refused request on to that model."""
        return base_name(model) in self.fallbacks

    def nearest_effort(self, effort: str) -> str:
        """Return the highest effort that the model accepts, up to `effort`.

        Return "" if the model accepts no effort, or only higher ones. For an unknown effort, return
        the highest effort of the model.
        """
        accepted = [each for each in self.efforts if effort_rank(each) <= effort_rank(effort)]
        return accepted[-1] if accepted else ""


def effort_rank(effort: str) -> int:
    """Return the position in EFFORTS; -1 for no effort, `len(EFFORTS)` for unknown values."""
    if not effort:
        return -1
    return EFFORTS.index(effort) if effort in EFFORTS else len(EFFORTS)


def _price(*dollars: str) -> Price:
    return Price(*map(Decimal, dollars))


# input, output, cache write for 5 minutes and for 1 hour, cache read
_OPUS = _price("5", "25", "6.25", "10", "0.50")
_SONNET_4 = _price("3", "15", "3.75", "6", "0.30")
_FABLE_5_2 = _price("8", "40", "10", "16", "0.20")
_FABLE_5_1 = _price("10", "50", "12.50", "20", "0.25")
_FABLE_5 = _price("10", "50", "12.50", "20", "1")
_WITHOUT_XHIGH = ("low", "medium", "high", "max")
_OPUS_4_8 = ("claude-opus-4-8",)
_OPUS_5_OR_4_8 = ("claude-opus-5", "claude-opus-4-8")

# Positional: name, price, min_prefix, retires, thinking, minimal_thinking, minimal_thinking_up_to
MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "claude-fable-5-2",
            _FABLE_5_2,
            512,
            date(2027, 11, 9),
            "always",
            fallbacks=_OPUS_5_OR_4_8,
        ),
        Model(
            "claude-mythos-5-2",
            _FABLE_5_2,
            512,
            date(2027, 11, 9),
            "always",
            fallbacks=_OPUS_5_OR_4_8,
        ),
        Model(
            "claude-fable-5-1",
            _FABLE_5_1,
            512,
            date(2027, 9, 1),
            "always",
            fallbacks=_OPUS_5_OR_4_8,
        ),
        Model(
            "claude-mythos-5-1",
            _FABLE_5_1,
            512,
            date(2027, 9, 1),
            "always",
            fallbacks=_OPUS_5_OR_4_8,
        ),
        Model(
            "claude-fable-5", _FABLE_5, 512, date(2027, 6, 9), "always", fallbacks=_OPUS_5_OR_4_8
        ),
        Model(
            "claude-mythos-5", _FABLE_5, 512, date(2027, 6, 9), "always", fallbacks=_OPUS_5_OR_4_8
        ),
        Model(
            "claude-opus-5-5",
            _price("4", "20", "5", "8", "0.20"),
            512,
            date(2027, 9, 22),
            "always",
            fallbacks=_OPUS_5_OR_4_8,
        ),
        Model(
            "claude-opus-5",
            _OPUS,
            512,
            date(2027, 7, 24),
            "on",
            "disabled",
            "high",
            fallbacks=_OPUS_4_8,
        ),
        Model("claude-opus-4-8", _OPUS, 1024, date(2027, 5, 28)),
        Model("claude-opus-4-7", _OPUS, 2048, date(2027, 4, 16)),
        Model("claude-opus-4-6", _OPUS, 4096, date(2027, 2, 5), efforts=_WITHOUT_XHIGH),
        Model(
            "claude-opus-4-5",
            _OPUS,
            4096,
            date(2027, 1, 22),
            efforts=("low", "medium", "high"),
            context=200_000,
            max_output=64_000,
            deprecated=True,
        ),
        Model(
            "claude-sonnet-5-5",
            _price("2", "10", "2.50", "4", "0.10"),
            512,
            date(2027, 9, 28),
            "on",
            "between_tools",
            "high",
            fallbacks=("claude-sonnet-5",),
        ),
        Model(
            "claude-sonnet-5",
            _price("2", "10", "2.50", "4", "0.20"),
            1024,
            date(2027, 6, 30),
            "on",
            "disabled",
        ),
        Model("claude-sonnet-4-6", _SONNET_4, 1024, date(2027, 2, 17), efforts=_WITHOUT_XHIGH),
        Model(
            "claude-sonnet-4-5",
            _SONNET_4,
            1024,
            date(2026, 11, 30),
            efforts=(),
            context=200_000,
            max_output=64_000,
            deprecated=True,
        ),
        Model(
            "claude-haiku-5-5",
            _price("0.10", "0.50", "0.125", "0.20", "0.01"),
            512,
            date(2027, 10, 7),
            "on",
            "disabled",
            "high",
            long_context=LongContext(100_000, _price("0.50", "2.50", "0.625", "1", "0.05")),
        ),
        Model(
            "claude-haiku-4-5",
            _price("1", "5", "1.25", "2", "0.10"),
            4096,
            date(2026, 10, 15),
            efforts=(),
            context=200_000,
            max_output=64_000,
        ),
        Model(
            "claude-mythos-preview",
            _price("25", "125", "31.25", "50", "2.50"),
            2048,
            date(2026, 6, 30),
            "always",
            deprecated=True,
        ),
    )
}
"""The models by base name (see `base_name`)."""

# Cloud names: us.anthropic.claude-x-v1:0, publishers/anthropic/models/claude-x@20260401, ...
_MODEL_ID = re.compile(
    r"(?:.*[./])?(?P<base>claude-[a-z0-9-]+?)(?:-latest)?(?:[-@](?:[0-9]{8}|default|latest))?"
    r"(?:-v[0-9]+(?::[0-9]+)?)?"
)
"""A model id, with the prefixes and suffixes of clouds around the base name."""


@lru_cache(maxsize=256)  # called about fifty times for each message
def base_name(model: str) -> str:
    """Return a model id without date, version and the prefixes of Bedrock and Vertex.

    An id of another form is returned unchanged.
    """
    match = _MODEL_ID.fullmatch(model)
    return match["base"] if match else model


def find(model: str) -> Model | None:
    """Return the model with that id, in any form (see `base_name`); None if it is unknown."""
    return MODELS.get(base_name(model))


def not_retired(today: date) -> list[Model]:
    """Return the models that are not retired on that day."""
    return [model for model in MODELS.values() if not model.is_retired(today)]
