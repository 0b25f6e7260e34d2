"""Tests of the current usage of a reply, for all kinds of reported usage."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sitechat.claude.messages import Exchange, SearchResult, messages, system
from sitechat.claude.request import Request
from sitechat.claude.tool_schemas import definition
from sitechat.conf import conf
from sitechat.conversations import search_tools
from sitechat.engine.reply_costs import (
    from_row,
    max_final_spending,
    max_spending,
    max_unreported_spending,
)
from sitechat.ledger.limits import NANO, current_limits

DOCUMENTED = ("claude-opus-4-7", "claude-sonnet-5-5", "claude-haiku-4-5")
"""The columns of the table in docs/limits.md."""


def request(turns: int = 0, asked: int = 100, said: int = 600, **fields: Any) -> Request:
    """Return a request after turns with questions and answers of this many characters."""
    before = [Exchange("q" * asked, "a" * said, "complete")] * turns
    given: dict[str, Any] = {
        "model": conf.CHAT_MODEL,
        "max_tokens": conf.CHAT_MAX_TOKENS,
        "system": system(conf.CHAT_SYSTEM_PROMPT),
        "messages": messages(before, question="q" * asked, passages=fields.get("passages", ())),
        **fields,
    }
    return Request(**given)


def test_a_request_without_a_report_costs_its_input_and_what_can_be_written_in_the_time() -> None:
    asked, worst = request(), max_spending(request())
    costs = [max_unreported_spending(asked, seconds) for seconds in (0, 0.1, 1, 600)]
    assert costs[0].usage.output_tokens == 0
    assert {cost.usage.input_tokens for cost in costs} == {worst.usage.input_tokens}
    assert [cost.dollars for cost in costs] == sorted({cost.dollars for cost in costs})
    assert costs[0].dollars > 0
    assert costs[-1] == worst
    assert not any(cost.exact for cost in costs)


TOOLS = tuple(map(definition, search_tools.SITE_TOOLS))

PASSAGES = [SearchResult(f"Page {n}", f"/page/{n}/", "word " * 250) for n in range(10)]


@pytest.mark.parametrize("fields", [{"turns": 10}, {"tools": TOOLS, "passages": PASSAGES}])
def test_240_stops_before_the_first_word_leave_the_chat_open_for_the_day(
    fields: dict[str, Any],
) -> None:
    [budget] = [limit for limit in current_limits() if limit.unit == "usd"]
    assert (
        240 * max_unreported_spending(request(**fields), 2.0).dollars < Decimal(budget.cap) / NANO
    )
    assert 250 * max_spending(request(**fields)).dollars > Decimal(budget.cap) / NANO


@pytest.mark.parametrize("model", DOCUMENTED)
def test_the_documented_reservations_are_right(model: str) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
    for row, fields in {
        "a first message of 100 characters": {},
        "the eleventh, after ten common ones": {"turns": 10},
        "the eleventh, all of the maximum length": {"turns": 10, "asked": 2000, "said": 4096},
    }.items():
        [cells] = re.findall(rf"^\| {row} \|(.*)\|$", page, re.M)
        documented = dict(zip(DOCUMENTED, re.findall(r"\$([0-9.]+)", cells), strict=True))
        reserved = max_spending(request(model=model, **fields)).dollars
        assert f"{reserved:.3f}" == documented[model]


def test_a_final_request_is_reserved_only_where_tools_are_offered() -> None:
    tool = {"name": "search_site", "description": "x", "input_schema": {"type": "object"}}
    assert max_final_spending(request()).dollars == 0
    assert max_final_spending(request(tools=[tool]).without_tools()).dollars == 0
    asked = request(tools=[tool])
    assert max_final_spending(asked).tokens > max_spending(asked.without_tools()).tokens


@pytest.mark.parametrize("stored", [None, {}, {"model": "m", "dollars": "0.5"}])
def test_rows_of_other_versions_are_read(stored: dict[str, object] | None) -> None:
    reserved, sent = from_row(stored)
    assert not reserved["claims"]
    assert sent.tokens == 0
    assert sent.dollars == Decimal((stored or {}).get("dollars", "0"))  # type: ignore[arg-type]
