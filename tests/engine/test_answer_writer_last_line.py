"""Tests of the final line with which Claude marks that it did not know."""

from __future__ import annotations

import pytest

from sitechat.engine.answer_writer import LastLineReader

MARK = "[[unanswered]]"


def read(*pieces: str, is_whole: bool = True) -> tuple[str, bool]:
    reader = LastLineReader()
    text = "".join(map(reader.feed, pieces))
    rest, is_marked = reader.rest(is_whole=is_whole)
    return text + rest, is_marked


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("end", ["", "\n", "  \n\n"])
@pytest.mark.parametrize("start", ["\n", "\n\n", "\r\n", "\n  "])
def test_the_final_line_is_taken_out_however_it_is_cut(size: int, start: str, end: str) -> None:
    text = f"I don't know.\nAsk Ann.{start}{MARK}{end}"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert read(*pieces) == ("I don't know.\nAsk Ann.", True)


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize(
    "text",
    [
        f"Write {MARK}",
        f"Yes {MARK}\n",
        f"{MARK}\nThe doors open at 8.",
        f"A\n{MARK}\nB",
        f"A\n`{MARK}`",
        f"A\n{MARK}.",
        f"A\n{MARK} {MARK}",
        "A\n[[unanswered]",
        "A\n[[UNANSWERED]]",
        "A list:\n\n[1](/a)\n[",
        "\n\n",
        "",
        "A\n\n\nB  \n",
    ],
)
def test_anything_else_is_text(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert read(*pieces) == (text, False)


def test_a_mark_that_was_cut_off_is_not_shown() -> None:
    assert read("A", "\n[[unans", is_whole=False) == ("A", False)
    assert read("A", "\n[", is_whole=False) == ("A\n[", False)


def test_nothing_of_a_mark_leaves_before_the_end() -> None:
    reader = LastLineReader()
    assert reader.feed("Ask Ann.\n\n[[unanswered") == "Ask Ann."
    assert reader.feed("]]") == ""
    assert reader.rest(is_whole=True) == ("", True)


def test_an_answer_of_the_mark_alone_is_empty() -> None:
    assert read(MARK) == ("", True)
