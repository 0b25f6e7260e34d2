"""Tests that the catalog of models is complete and consistent with the SDK and stand-in."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from anthropic.types.model_param import ModelParam

from sitechat.claude import catalog
from sitechat.standin.catalog import EFFORTS, find_model

TODAY = date(2026, 11, 28)


def dollars(price: catalog.Price) -> list[str]:
    return [f"{getattr(price, kind).normalize():f}" for kind in catalog.KINDS]


def known_ids() -> list[str]:
    """Return the model ids that the installed SDK contains."""
    literals = [each for each in get_args(ModelParam) if get_args(each)]
    return [model for literal in literals for model in get_args(literal)]


@pytest.mark.parametrize("model", known_ids())
def test_the_table_has_every_model_that_the_sdk_names(model: str) -> None:
    assert catalog.find(model), f"add {model} to sitechat.claude.catalog and standin.catalog"


@pytest.mark.parametrize(
    ("model", "prices", "least_prefix"),
    [
        ("claude-fable-5-2", "8 40 10 16 0.2", 512),
        ("claude-mythos-5-2", "8 40 10 16 0.2", 512),
        ("claude-fable-5-1", "10 50 12.5 20 0.25", 512),
        ("claude-mythos-5-1", "10 50 12.5 20 0.25", 512),
        ("claude-fable-5", "10 50 12.5 20 1", 512),
        ("claude-mythos-5", "10 50 12.5 20 1", 512),
        ("claude-opus-5-5", "4 20 5 8 0.2", 512),
        ("claude-opus-5", "5 25 6.25 10 0.5", 512),
        ("claude-opus-4-8", "5 25 6.25 10 0.5", 1024),
        ("claude-opus-4-7", "5 25 6.25 10 0.5", 2048),
        ("claude-opus-4-6", "5 25 6.25 10 0.5", 4096),
        ("claude-opus-4-5", "5 25 6.25 10 0.5", 4096),
        ("claude-sonnet-5-5", "2 10 2.5 4 0.1", 512),
        ("claude-sonnet-5", "2 10 2.5 4 0.2", 1024),
        ("claude-sonnet-4-6", "3 15 3.75 6 0.3", 1024),
        ("claude-sonnet-4-5", "3 15 3.75 6 0.3", 1024),
        ("claude-haiku-5-5", "0.1 0.5 0.125 0.2 0.01", 512),
        ("claude-haiku-4-5", "1 5 1.25 2 0.1", 4096),
        ("claude-mythos-preview", "25 125 31.25 50 2.5", 2048),
    ],
)
def test_prices_and_cacheable_prefixes(model: str, prices: str, least_prefix: int) -> None:
    described = catalog.MODELS[model]
    assert dollars(described.price) == prices.split()
    assert described.min_prefix == least_prefix


def test_the_price_of_a_long_request() -> None:
    haiku = catalog.MODELS["claude-haiku-5-5"]
    assert haiku.price_for(100_000) == haiku.price
    assert dollars(haiku.price_for(100_001)) == ["0.5", "2.5", "0.625", "1", "0.05"]
    others = [model for model in catalog.MODELS.values() if model is not haiku]
    assert all(model.price_for(999_999) == model.price for model in others)


@pytest.mark.parametrize(
    ("model", "day"),
    [("claude-sonnet-4-5", date(2026, 11, 30)), ("claude-opus-4-5", date(2027, 1, 22))],
)
def test_a_deprecated_model_is_retired_on_its_day(model: str, day: date) -> None:
    described = catalog.MODELS[model]
    assert not described.is_retired(TODAY)
    assert described.is_retired(day)


def test_a_model_that_nobody_has_announced_the_end_of_is_not_retired() -> None:
    assert not catalog.MODELS["claude-haiku-4-5"].is_retired(date(2030, 1, 1))
    retired = set(catalog.MODELS.values()) - set(catalog.not_retired(TODAY))
    assert {model.name for model in retired} == {"claude-mythos-preview"}


@pytest.mark.parametrize("model", sorted(catalog.MODELS))
def test_every_entry_is_possible(model: str) -> None:
    described = catalog.MODELS[model]
    price = described.price
    assert Decimal(0) < price.cache_read < price.input < price.cache_write < price.cache_write_1h
    assert price.input < price.output
    assert described.max_output < described.context <= catalog.LARGEST_CONTEXT
    assert bool(described.minimal_thinking) == (described.thinking == "on")
    assert set(described.efforts) <= set(catalog.EFFORTS)


@pytest.mark.parametrize("model", [model.name for model in catalog.not_retired(TODAY)])
def test_the_stand_in_describes_the_models_alike(model: str) -> None:
    """Compare the stand-in's copy, which exists because it imports nothing of the package."""
    ours, its = catalog.MODELS[model], find_model(model)
    assert its is not None, f"add {model} to sitechat.standin.catalog"
    assert its.min_prefix == ours.min_prefix
    assert (its.context, its.max_output) == (ours.context, ours.max_output)
    assert its.thinking == ours.thinking
    assert its.efforts == ours.efforts
    assert its.fallbacks == ours.fallbacks
    assert EFFORTS == catalog.EFFORTS
    if ours.minimal_thinking:
        assert ours.minimal_thinking in its.thinking_types
        assert its.thinking_limit == ours.minimal_thinking_up_to


def test_the_stand_in_knows_no_model_that_the_table_does_not() -> None:
    from sitechat.standin.catalog import MODELS

    assert set(MODELS) <= set(catalog.MODELS)


@pytest.mark.parametrize(
    ("asked", "model", "sent"),
    [
        ("xhigh", "claude-opus-4-7", "xhigh"),
        ("xhigh", "claude-opus-4-6", "high"),
        ("max", "claude-opus-4-6", "max"),
        ("max", "claude-opus-4-5", "high"),
        ("low", "claude-haiku-4-5", ""),
    ],
)
def test_the_nearest_effort_that_a_model_accepts(asked: str, model: str, sent: str) -> None:
    assert catalog.MODELS[model].nearest_effort(asked) == sent


def test_the_tables_load_neither_django_nor_an_sdk() -> None:
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.find_spec('sitechat')\n"
        "path = spec.submodule_search_locations[0] + '/claude/catalog.py'\n"
        "loaded = importlib.util.spec_from_file_location('catalog', path)\n"
        "module = sys.modules['catalog'] = importlib.util.module_from_spec(loaded)\n"
        "loaded.loader.exec_module(module)\n"
        "print(*{'django', 'anthropic', 'sitechat'} & set(sys.modules))"
    )
    output = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert output.split() == []


def test_the_sdk_agrees_on_which_models_end() -> None:
    """Fail if an upgrade of the SDK moves its private list."""
    data = pytest.importorskip("anthropic._data", reason="the SDK has moved DEPRECATED_MODELS")
    deprecated: dict[str, Any] = data.DEPRECATED_MODELS
    for model, day in deprecated.items():
        described = catalog.find(model)
        assert described is not None
        assert described.deprecated, f"{model} ends on {day}"
        assert f"{described.retires:%B} {described.retires.day}" in day
        assert str(described.retires.year) in day
