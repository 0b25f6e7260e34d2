"""How the stand-in cuts pages and passages into pieces."""

from __future__ import annotations

import pytest

from sitechat.standin.sentences import pieces
from sitechat.standin.words import words

LONG = "A line of a paragraph that an editor wrapped at the usual width of"


def texts(text: str) -> list[str]:
    return [piece.text for piece in pieces(text)]


def test_sentences_are_pieces_and_know_their_heading_and_paragraph() -> None:
    one, two, three = pieces("# Install\n\nDo this. Then that.\n\nDone.")
    assert (one.text, two.text, three.text) == ("Do this.", "Then that.", "Done.")
    assert {one.heading, two.heading, three.heading} == {"Install"}
    assert one.paragraph == two.paragraph != three.paragraph


def test_wrapped_lines_are_one_sentence() -> None:
    assert texts(f"{LONG}\na line. Next.") == [f"{LONG} a line.", "Next."]
    assert texts("A narrow\ncolumn.") == ["A narrow column."]


def test_lines_of_plain_text_are_apart() -> None:
    assert texts("Mo to Fr: 9-17\nSa: closed") == ["Mo to Fr: 9-17", "Sa: closed"]


def test_a_short_line_without_an_end_is_a_heading() -> None:
    (piece,) = pieces("Opening hours\nFrom nine to five.")
    assert (piece.heading, piece.text) == ("Opening hours", "From nine to five.")


def test_items_of_lists_are_pieces() -> None:
    assert texts("- one\n  goes on\n- two\n\n1. three") == ["one goes on", "two", "three"]


def test_rows_of_tables_are_pieces_without_their_bars() -> None:
    table = "| name | what |\n|---|---|\n| `a` | first | |\n| | b |"
    assert texts(table) == ["name: what", "`a`: first", "b"]
    assert texts("name | what\na | first\nof all | b") == ["name: what", "a: first", "of all: b"]


def test_code_is_whole_and_stays_with_what_announces_it() -> None:
    code = "```\npip install x\n\nrun\n```"
    assert texts(code) == [code]
    assert texts(f"Do this:\n\n{code}\n\nDone.") == [f"Do this:\n\n{code}", "Done."]
    assert texts("```\nnever closed") == ["```\nnever closed"]


def test_sentences_of_other_scripts() -> None:
    assert texts("料金です。動物園です。") == ["料金です。", "動物園です。"]


@pytest.mark.parametrize("text", ["Tickets", "# Tickets", "| a |"])
def test_a_text_of_nothing_but_headings_is_one_piece(text: str) -> None:
    assert texts(text) == [text]


@pytest.mark.parametrize("text", ["", " \n", "\n\n"])
def test_blanks_have_no_pieces(text: str) -> None:
    assert texts(text) == []


def test_forms_of_a_word_have_one_stem() -> None:
    assert len({*words("install installs installing installed")}) == 1
    assert len({*words("price prices")}) == 1


def test_words_without_a_meaning_are_left_out() -> None:
    assert words("How do I do this, please?") == []
    assert words("料金表") == ["料金", "金表"]
