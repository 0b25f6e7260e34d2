"""Tests of answers in Markdown as plain text."""

from __future__ import annotations

import pytest

from sitechat.conversations.answer_html import MAX_RENDERED
from sitechat.conversations.answer_text import as_plain_text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Yes, on **Fridays**, *not* ~~Mondays~~.", "Yes, on Fridays, not Mondays."),
        ("# Hours\nFrom 8\\\nto `17`", "Hours\n\nFrom 8\nto 17"),
        ("- a\n- b\n  1. c\n  2. d\n\n3. e", "- a\n- b\n  1. c\n  2. d\n\n3. e"),
        ("- a\n\n  more\n- b\n-", "- a\n\n  more\n\n- b\n\n- "),
        ("> One\n> two\n>\n> three", "> One\n> two\n>\n> three"),
        ("```python\nif a:\n    b\n```", "if a:\n    b"),
        ("| a | **b** |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("a\n\n***\n\nb", "a\n\n---\n\nb"),
        (
            "[Map](/map/) and [*this*](https://a.example/?b=1)",
            "Map (https://example.org/map/) and this (https://a.example/?b=1)",
        ),
        ("<https://a.example/> [](/b/) [c]()", "https://a.example/ https://example.org/b/ c"),
        ("![A map](/map.png)", "A map (https://example.org/map.png)"),
        ("[x](javascript:alert(1)) <b>c</b>", "[x](javascript:alert(1)) <b>c</b>"),
        ("3 * 4 * 5 = 60, snake_case_name", "3 * 4 * 5 = 60, snake_case_name"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("", ""),
    ],
)
def test_markdown_becomes_readable_text(markdown: str, text: str) -> None:
    assert as_plain_text(markdown, origin="https://example.org") == text


def test_a_very_long_text_is_left_as_it_is() -> None:
    assert as_plain_text("**a**" * MAX_RENDERED) == "**a**" * MAX_RENDERED


@pytest.mark.parametrize(
    "markdown", ["> " * 5000, "- " * 5000, "*" * 5000 + "a", "[" * 5000, "*a " * 3000 + "b*" * 3000]
)
def test_deeply_nested_text_is_no_error(markdown: str) -> None:
    assert isinstance(as_plain_text(markdown), str)
