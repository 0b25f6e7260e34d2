"""The cost of tokens, in dollars. Prices come from CHAT_PRICES or else from `catalog`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from sitechat.claude import catalog
from sitechat.claude.catalog import KINDS, Price, base_name
from sitechat.claude.regions import US
from sitechat.claude.token_usage import TokenUsage
from sitechat.conf import conf

MILLION = Decimal(1_000_000)

US_ONLY = Decimal("1.1")
"""The factor on all prices if `usage.inference_geo` is "us"."""

CACHE_MULTIPLES = {
    "cache_write": Decimal("1.25"),
    "cache_write_1h": Decimal(2),
    "cache_read": Decimal("0.1"),
}
"""Cache prices as multiples of the input price, for entries of CHAT_PRICES without them."""


def has_price(model: str) -> bool:
    """Return whether CHAT_PRICES or the catalog has a price for the model."""
    return _own_entry(model) is not None or catalog.find(model) is not None


def price(model: str, input_tokens: int = 0) -> Price:
    """Return the price of a request to the model.

    An entry of CHAT_PRICES applies to requests of any length. A model without an entry has the
    price of the catalog. A model that is in neither has the highest known price of each kind.

    Args:
        model: A model's id, in any of the forms that clouds give it.
        input_tokens: All input of the request, cached or not.
    """
    own = _own_entry(model)
    if own is not None:
        return _completed(model, own)
    described = catalog.find(model)
    return highest() if described is None else described.price_for(input_tokens)


def highest(today: date | None = None) -> Price:
    """Return the highest price of each kind, in CHAT_PRICES and in the catalog.

    Retired models of the catalog are left out.

    Args:
        today: The day that decides which models are retired; by default the current one, in UTC.
    """
    models = catalog.not_retired(today or datetime.now(timezone.utc).date())
    every = [model.price for model in models]
    every += [model.long_context.price for model in models if model.long_context]
    every += [_completed(model, entry) for model, entry in _own_entries().items()]
    return Price(**{kind: max(getattr(each, kind) for each in every) for kind in KINDS})


def cost(model: str, usage: TokenUsage) -> Decimal:
    """Return the cost in dollars of one request.

    Args:
        model: The model's id.
        usage: The usage of this one request, because long requests may cost more per token.
    """
    each = price(model, usage.entire_input)
    short_lived = max(0, usage.cache_write_tokens - usage.cache_write_1h_tokens)
    dollars = (
        usage.input_tokens * each.input
        + usage.output_tokens * each.output
        + usage.cache_read_tokens * each.cache_read
        + short_lived * each.cache_write
        + usage.cache_write_1h_tokens * each.cache_write_1h
    ) / MILLION
    return dollars * US_ONLY if usage.inference_geo == US else dollars


def max_dollars(
    model: str, *, input_tokens: int, max_tokens: int, in_us: bool = False, for_hour: int = 0
) -> Decimal:
    """Return the maximum cost of a request in dollars.

    It assumes that the answer has `max_tokens`, and that all input has the highest of the prices
    for plain input, cache writes and cache reads.

    Args:
        model: A model's id.
        input_tokens: The maximum input tokens of the request.
        max_tokens: The maximum output tokens of the request.
        in_us: Whether Claude runs in the US only.
        for_hour: The part of the input tokens that may be written to the 1-hour cache. The rest may
            be written to the 5-minute cache.
    """
    each = price(model, input_tokens)
    short_lived = max(each.input, each.cache_write, each.cache_read)
    long_lived = max(short_lived, each.cache_write_1h)
    for_hour = min(for_hour, input_tokens)
    dollars = (
        (input_tokens - for_hour) * short_lived + for_hour * long_lived + max_tokens * each.output
    ) / MILLION
    return dollars * US_ONLY if in_us else dollars


def problems(value: Any) -> list[str]:
    """Return a sentence for each problem of a value of CHAT_PRICES."""
    example = '{"my-model": {"input": 3, "output": 15, "cache_write": 3.75, "cache_read": 0.3}}'
    if not isinstance(value, Mapping):
        return [
            _("%(name)s is %(value)r; write a dictionary such as %(example)s.")
            % {"name": "CHAT_PRICES", "value": value, "example": example}
        ]
    wrong: list[str] = []
    for model, entry in value.items():
        if not isinstance(model, str) or not isinstance(entry, Mapping):
            wrong.append(
                _(
                    "CHAT_PRICES contains the invalid entry %(model)r: %(entry)r; write for "
                    "example %(example)s."
                )
                % {"model": model, "entry": entry, "example": example}
            )
            continue
        name = f'CHAT_PRICES["{model}"]'
        for kind, dollars in entry.items():
            if kind not in KINDS:
                wrong.append(
                    _("%(name)s has the unknown key %(key)r; valid keys are %(names)s.")
                    % {"name": name, "key": kind, "names": ", ".join(KINDS)}
                )
            elif not _is_price(dollars):
                wrong.append(
                    _("%(name)s is %(value)r; write dollars per million tokens, such as 3.")
                    % {"name": f'{name}["{kind}"]', "value": dollars}
                )
        missing = [kind for kind in ("input", "output") if kind not in entry]
        if missing and catalog.find(model) is None:
            wrong.append(
                _(
                    "%(name)s lacks %(missing)s, which can be left out only for models of the "
                    "built-in table; write for example %(example)s."
                )
                % {"name": name, "missing": _joined(missing), "example": example}
            )
    return wrong


def _joined(names: list[str]) -> str:
    """Return one or two names as a phrase."""
    if len(names) == 1:
        return names[0]
    return _("%(first)s and %(second)s") % {"first": names[0], "second": names[1]}


def _is_price(dollars: Any) -> bool:
    if isinstance(dollars, bool) or not isinstance(dollars, (int, float, Decimal)):
        return False
    return Decimal(dollars).is_finite() and dollars >= 0


def _own_entry(model: str) -> Mapping[str, Any] | None:
    own = _own_entries()
    for name in (model, base_name(model)):
        if name in own:
            return own[name]
    return None


def _own_entries() -> dict[str, Mapping[str, Any]]:
    """Return the valid entries of CHAT_PRICES; a check reports the others."""
    own = conf.CHAT_PRICES
    if not isinstance(own, Mapping):
        return {}
    return {model: entry for model, entry in own.items() if not problems({model: entry})}


def _completed(model: str, entry: Mapping[str, Any]) -> Price:
    """Return the price of a valid entry of CHAT_PRICES.

    Kinds that the entry leaves out come from the catalog or, for other models, from
    CACHE_MULTIPLES.
    """
    given = {kind: Decimal(str(dollars)) for kind, dollars in entry.items()}
    described = catalog.find(model)
    if described is not None:
        return Price(**{**asdict(described.price), **given})
    return Price(**{**{k: given["input"] * m for k, m in CACHE_MULTIPLES.items()}, **given})
