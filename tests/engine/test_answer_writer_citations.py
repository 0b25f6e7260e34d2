"""Tests of marks such as `[1]`, which servers without citations write instead."""

from __future__ import annotations

import pytest

from sitechat.engine.answer_writer import MarkReader


def read(*pieces: str, passages: int = 3) -> list[str | int]:
    """Return the parts of a stream, with adjacent text joined."""
    reader = MarkReader()
    parts: list[str | int] = []
    for piece in pieces:
        parts += reader.feed(piece, passages)
    parts += reader.rest(passages)
    joined: list[str | int] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def test_a_mark_is_taken_out_with_the_space_before_it() -> None:
    assert read("Gold costs 5 euros [2].") == ["Gold costs 5 euros", 2, "."]


def test_marks_may_follow_each_other() -> None:
    assert read("Both [1] [3] say so") == ["Both", 1, 3, " say so"]


@pytest.mark.parametrize("cut", range(1, 22))
def test_a_mark_may_be_split_anywhere(cut: int) -> None:
    text = "It costs 5 euros [2]."
    assert read(text[:cut], text[cut:]) == ["It costs 5 euros", 2, "."]


def test_a_mark_may_come_one_character_at_a_time() -> None:
    assert read(*"Yes [1] and [2].") == ["Yes", 1, " and", 2, "."]


@pytest.mark.parametrize(
    "text",
    [
        "Passage [4] does not exist",
        "Nor does [0]",
        "[link](https://example.com/)",
        "[12",
        "trailing spaces   ",
        "In code `names[1]` is an index",
        "```\nnames[1]\n```\nafter",
        "``a ` [1] b`` is code",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_what_is_no_mark_stays_as_it_is(text: str, size: int) -> None:
    assert read(*(text[n : n + size] for n in range(0, len(text), size))) == [text]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_backtick_that_opens_no_code_hides_marks_of_its_paragraph_only(size: int) -> None:
    text = "Press the ` key.\n \nThen wait [1].\n\n```\na[2]\n\nb[3]\n```\nDone [2]"
    pieces = (text[n : n + size] for n in range(0, len(text), size))
    code = ".\n\n```\na[2]\n\nb[3]\n```\nDone"
    assert read(*pieces) == ["Press the ` key.\n \nThen wait", 1, code, 2]


def test_marks_after_code_count_again() -> None:
    assert read("Call `a[1]` so [1]") == ["Call `a[1]` so", 1]
