"""What tokens cost: US dollars per million, by model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from sitechat.conf import conf

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens; `cache_write` is that of the cache of five minutes."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_read: Decimal


KINDS = tuple(field.name for field in fields(Price))


def _price(*dollars: str) -> Price:
    return Price(*map(Decimal, dollars))


# Anthropic's list prices of November 2026, https://claude.com/pricing.
PRICES: dict[str, Price] = {
    "claude-opus-5-5": _price("4", "20", "5", "0.20"),
    "claude-opus-5": _price("5", "25", "6.25", "0.50"),
    "claude-opus-4-8": _price("5", "25", "6.25", "0.50"),
    "claude-opus-4-7": _price("5", "25", "6.25", "0.50"),
    "claude-sonnet-5-5": _price("2", "10", "2.50", "0.20"),
    "claude-sonnet-4-6": _price("3", "15", "3.75", "0.30"),
    "claude-haiku-5-5": _price("0.10", "0.50", "0.125", "0.01"),
    "claude-haiku-4-5": _price("1", "5", "1.25", "0.10"),
}

INPUT_UP_TO = {"claude-haiku-5-5": 100_000}
"""Input tokens of one request up to which the table's price of a model holds. A longer request
is booked at the dearest price of the table."""

CACHE_MULTIPLES = {
    "cache_write": Decimal("1.25"),
    "cache_read": Decimal("0.1"),
}
"""What caching costs by the price of input, where CHAT_PRICES does not tell."""

# Cloud names: us.anthropic.claude-x-v1:0, publishers/anthropic/models/claude-x@20260401, ...
MODEL_ID = re.compile(
    r"(?:.*[./])?(?P<base>claude-[a-z0-9-]+?)(?:-latest)?(?:[-@](?:[0-9]{8}|default|latest))?"
    r"(?:-v[0-9]+(?::[0-9]+)?)?"
)


def base_name(model: str) -> str:
    """A model's id without a date, a version or the prefixes of Bedrock and Vertex."""
    match = MODEL_ID.fullmatch(model)
    return match["base"] if match else model


def known(model: str) -> bool:
    """Whether the table or CHAT_PRICES has the model."""
    return _find(model) is not None


def price(model: str) -> Price:
    """The model's price: CHAT_PRICES, then the table; the dearest of all for an unknown model."""
    return _find(model) or dearest()


def dearest() -> Price:
    """The highest price of each kind in the table and CHAT_PRICES."""
    every = [*PRICES.values(), *(_own(model, entry) for model, entry in conf.CHAT_PRICES.items())]
    return Price(**{kind: max(getattr(each, kind) for each in every) for kind in KINDS})


def cost(
    model: str,
    *,
    input_tokens: int,
    output_tokens: int,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
) -> Decimal:
    """Dollars for a request's usage, exact.

    `input_tokens` are those that were neither read from nor written to a cache, as in Claude's
    own usage.
    """
    entire = input_tokens + cache_read_tokens + cache_write_tokens
    each = _price_for(model, entire)
    return (
        input_tokens * each.input
        + output_tokens * each.output
        + cache_read_tokens * each.cache_read
        + cache_write_tokens * each.cache_write
    ) / MILLION


def worst_case(model: str, *, input_tokens: int, max_tokens: int) -> Decimal:
    """Dollars for a request at most: all of its input written to the five-minute cache, and an
    answer of `max_tokens`."""
    each = _price_for(model, input_tokens)
    return (
        input_tokens * max(each.input, each.cache_write, each.cache_read) + max_tokens * each.output
    ) / MILLION


def problems(value: Any) -> list[str]:
    """What is wrong with a value of CHAT_PRICES: a sentence for each, with a right entry."""
    right = '{"my-model": {"input": 3, "output": 15, "cache_write": 3.75, "cache_read": 0.3}}'
    if not isinstance(value, Mapping):
        return [f"CHAT_PRICES is {value!r}; write a dictionary such as {right}."]
    wrong: list[str] = []
    for model, entry in value.items():
        if not isinstance(model, str) or not isinstance(entry, Mapping):
            wrong.append(f"CHAT_PRICES has {model!r}: {entry!r}; write for example {right}.")
            continue
        name = f'CHAT_PRICES["{model}"]'
        for kind, dollars in entry.items():
            if kind not in KINDS:
                wrong.append(f"{name} has {kind!r}; it may have {', '.join(KINDS)}.")
            elif not _is_price(dollars):
                wrong.append(
                    f'{name}["{kind}"] is {dollars!r}; write dollars per million tokens, such as 3.'
                )
        missing = [kind for kind in ("input", "output") if kind not in entry]
        if missing and base_name(model) not in PRICES:
            wrong.append(
                f"{name} lacks {' and '.join(missing)}, which only models of the built-in table "
                f"may; write for example {right}."
            )
    return wrong


def _is_price(dollars: Any) -> bool:
    if isinstance(dollars, bool) or not isinstance(dollars, (int, float, Decimal)):
        return False
    return Decimal(dollars).is_finite() and dollars >= 0


def _find(model: str) -> Price | None:
    base = base_name(model)
    own = conf.CHAT_PRICES
    for name in (model, base):
        if name in own:
            return _own(name, own[name])
    return PRICES.get(base)


def _own(model: str, entry: Mapping[str, Any]) -> Price:
    """An entry of CHAT_PRICES, completed: from the table, else by the multiples of caching."""
    given = {kind: Decimal(str(dollars)) for kind, dollars in entry.items()}
    table = PRICES.get(base_name(model))
    if table is not None:
        return Price(**{**asdict(table), **given})
    return Price(**{**{k: given["input"] * m for k, m in CACHE_MULTIPLES.items()}, **given})


def _price_for(model: str, input_tokens: int) -> Price:
    base = base_name(model)
    holds = INPUT_UP_TO.get(base)
    own = conf.CHAT_PRICES
    if holds is not None and input_tokens > holds and model not in own and base not in own:
        return dearest()
    return price(model)
