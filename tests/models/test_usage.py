"""Tests of the usage of replies that go on after the visitor was asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sitechat.models import Usage


def usage(model: str, dollars: str, **fields: Any) -> Usage:
    return Usage(model=model, input_tokens=10, output_tokens=2, dollars=Decimal(dollars), **fields)


def test_one_model_has_no_shares() -> None:
    both = usage("a", "0.2").added_to(usage("a", "0.1"))
    assert (both.dollars, both.by_model) == (Decimal("0.3"), None)


def test_each_model_keeps_its_share() -> None:
    first = usage("b", "0.1", refusal_category="cyber")
    first.by_model = [*usage("a", "0.04").shares(), *usage("b", "0.06").shares()]
    both = usage("b", "0.2").added_to(first)
    assert both.refusal_category == "cyber"
    assert both.by_model is not None
    assert [(each["model"], each["dollars"], each["input_tokens"]) for each in both.by_model] == [
        ("a", "0.04", 10),
        ("b", "0.26", 20),
    ]


def test_another_model_goes_on() -> None:
    both = usage("b", "0.2").added_to(usage("a", "0.1"))
    assert both.model == "b"
    assert [each["model"] for each in both.by_model or []] == ["a", "b"]
