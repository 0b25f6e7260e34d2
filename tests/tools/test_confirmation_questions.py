"""Tests of the questions to visitors before a tool runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from sitechat import tool
from sitechat.tools.confirmation_questions import check_question, question_of


@tool(confirm="Change the order {number}?")
def change(
    request: Any, number: str | None, address: str | None = None, note: str = "keep", gift: str = ""
) -> str:
    """Change an order."""
    return ""


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        ({"number": "A-1"}, "Change the order A-1? (note: keep)"),
        ({"number": "A-1", "note": ""}, "Change the order A-1? (note: (empty))"),
        ({"number": "A-1", "address": "", "gift": ""}, "…? (address: (empty); note: keep)"),
        ({"number": None, "gift": "yes"}, "Change the order (empty)? (note: keep; gift: yes)"),
    ],
)
def test_empty_arguments_are_shown_unless_they_are_the_default(
    arguments: dict[str, Any], question: str
) -> None:
    assert change.confirm is not None
    values = change.parameters.parse(arguments)
    shown = question_of(change.confirm, values, change.parameters.defaults)
    assert shown == question.replace("…", "Change the order A-1")


def test_an_empty_argument_is_named_in_the_language_of_the_visitor() -> None:
    with translation.override("de"):
        assert question_of("Ändern?", {"note": ""}, {}) == "Ändern? (note: (leer))"


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ("Cancel {order}?", "Use only the names of its parameters: number"),
        ("Cancel {number!r}?", "without a format or conversion"),
        ("Cancel {number:>9}?", "without a format or conversion"),
    ],
)
def test_a_field_that_a_question_cannot_have_is_explained(question: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_question(question, "cancel", ["number"])
