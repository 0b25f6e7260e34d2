"""Tests of the stand-in's text: sentences, names as code, and escaped markup."""

from __future__ import annotations

import pytest

from sitechat.standin.readable_blocks import mark_up_names, sentence, to_markdown
from sitechat.standin.sections import Block


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (["method", "does"], ["close()", "closes it"], "`close()` closes it."),
        (
            ["method", "returns"],
            ["allowed(request)", "a bool"],
            "`allowed(request)` returns a bool.",
        ),
        (
            ["property", "is", "default"],
            ["--x", "a color", "red"],
            "`--x` is a color. Its default is red.",
        ),
        (
            ["what", "is stored in", "until"],
            ["messages and ratings", "your database", "they are deleted"],
            "Messages and ratings is stored in your database, until they are deleted.",
        ),
        (["id", "finds", "do"], ["W001", "no key", "set one"], "W001 finds no key. Set one."),
        (
            ["", "gunicorn", "uvicorn"],
            ["it streams", "yes", "yes"],
            "It streams: yes with gunicorn and uvicorn.",
        ),
        (
            ["", "opus", "haiku"],
            ["a first message", "$3", "$1"],
            "A first message: $3 (opus), $1 (haiku).",
        ),
        ([], ["limits", "what holds"], "`limits`: what holds."),
        ([], ["E1", "it broke", "mend it"], "E1: it broke. Mend it."),
        (["call", "does"], ["`GET /`", "shows it"], "`GET /` shows it."),
        (["a", "b"], ["alone", ""], "`alone`."),
    ],
)
def test_rows_of_tables_are_sentences(header: list[str], row: list[str], said: str) -> None:
    assert sentence(header, row) == said


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Set CHAT_MODEL in settings.py.", "Set `CHAT_MODEL` in `settings.py`."),
        ("Write {% chat_widget %} before </body>.", "Write `{% chat_widget %}` before `</body>`."),
        ("Run python manage.py chat_index once.", "Run `python manage.py chat_index` once."),
        ("Use claude-haiku-5-5 or --quiet.", "Use `claude-haiku-5-5` or `--quiet`."),
        ("It is 2 * 3 [sic] < 7.", "It is 2 \\* 3 \\[sic\\] \\< 7."),
        ("Plain words, and well-known ones.", "Plain words, and well-known ones."),
        ("Has `marks` and *stars* already.", "Has `marks` and *stars* already."),
    ],
)
def test_names_are_code_and_nothing_else_is_markup(text: str, marked: str) -> None:
    assert mark_up_names(text) == marked


def test_code_that_contains_fences_stays_one_block() -> None:
    assert to_markdown(Block("code", ["a", "```"])) == "````\na\n```\n````"


def test_lists_are_written_as_they_were() -> None:
    assert to_markdown(Block("list", ["one", "two"])) == "- one\n- two"
    assert to_markdown(Block("list", ["one", "two"], numbered=True)) == "1. one\n2. two"


def test_a_table_of_several_rows_is_a_list_of_sentences() -> None:
    table = Block("table", ["a | first", "b | second"], header=["name", "is"])
    assert to_markdown(table) == "- `a` is first.\n- `b` is second."
