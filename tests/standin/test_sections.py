"""Tests of how the stand-in parses pages and passages, with and without markup."""

from __future__ import annotations

import pytest

from sitechat.standin.sections import Section, sections

LONG = "A line of a paragraph that an editor wrapped at the usual width of"
SENTENCE = "A paragraph of a page without markup stands in a line of its own. " * 2 + "It ends."


def shape(text: str) -> list[tuple[str, str]]:
    """Return the kind and text of each block."""
    return [(block.kind, block.text) for section in sections(text) for block in section.blocks]


def only(text: str) -> Section:
    (section,) = sections(text)
    return section


def test_sections_have_their_heading() -> None:
    first, second = sections("Before.\n\n# Install\n\nDo this. Then that.\n\nDone.")
    assert (first.heading, second.heading) == ("", "Install")
    assert [block.text for block in second.blocks] == ["Do this. Then that.", "Done."]


def test_wrapped_lines_are_one_paragraph() -> None:
    assert shape(f"{LONG}\na line. Next.") == [("paragraph", f"{LONG} a line. Next.")]
    assert shape("A narrow\ncolumn.") == [("paragraph", "A narrow column.")]


def test_lines_without_markup_are_separate_paragraphs() -> None:
    assert shape("Mo to Fr: 9-17\nSa: closed") == [
        ("paragraph", "Mo to Fr: 9-17"),
        ("paragraph", "Sa: closed"),
    ]
    assert shape(f"{SENTENCE}\n{SENTENCE}") == [("paragraph", SENTENCE)] * 2


@pytest.mark.parametrize("heading", ["Opening hours", "CHAT_MODEL", "What's new, and why?"])
def test_a_short_line_without_an_end_is_a_heading(heading: str) -> None:
    assert only(f"{heading}\nFrom nine to five.").heading == heading


def test_items_are_one_list() -> None:
    assert shape("- one\n  goes on\n- two") == [("list", "one goes on\ntwo")]
    (block,) = only("1. one\n2. two").blocks
    assert block.numbered


def test_tables_have_their_header() -> None:
    (marked,) = only("| name | what |\n|---|---|\n| `a` | first | |\n| | b |").blocks
    assert (marked.header, len(marked.lines)) == (["name", "what"], 2)
    bare = only("There are two.\nname | what\na | first\nof all | b").blocks[-1]
    assert (bare.header, bare.lines) == (["name", "what"], ["a | first", "of all | b"])


def test_a_header_without_its_first_cell_is_recognized() -> None:
    (table,) = only("gunicorn | uvicorn\nit streams | yes | yes").blocks
    assert table.header == ["", "gunicorn", "uvicorn"]


def test_one_word_in_each_cell_of_the_first_row_is_a_header() -> None:
    (table,) = only("page | tells\nInstall | how to put it on a site").blocks
    assert (table.header, len(table.lines)) == (["page", "tells"], 1)


def test_fenced_code_is_whole() -> None:
    (block,) = only("```py\nimport x\n\n# no heading\n```").blocks
    assert (block.kind, block.language, block.text) == ("code", "py", "import x\n\n# no heading")
    assert shape("```\nnever closed") == [("code", "never closed")]


@pytest.mark.parametrize(
    "code",
    [
        "pip install django-sitechat",
        "export KEY=sk-ant-...\npython manage.py migrate",
        "# in another terminal:\nKEY=any python manage.py runserver",
        "curl -s http://127.0.0.1/ -H 'A: b' \\\n     -d '{\"message\": \"Hi.\"}'",
        "def allowed(request):\n    return True\n\n\nclass Bot:\n    pass",
        'path("api/", include("sitechat.urls"))',
        'CHAT_LIMITS = {\n    "ip": ["60 messages/hour"],\n}',
        "{% load sitechat %}\n{% chat_widget %}",
        '<a href="/contact/">Ask us</a>',
        "site-chat {\n  --accent: red;\n}",
        "site-chat::part(launcher) { display: none; }",
        "location / {\n    proxy_pass http://127.0.0.1:8000;\n}",
        "15 3 * * *  cd /srv && python manage.py chat_cleanup",
        "pytest tests/servers --write-table",
        'msgid "Ask"\nmsgstr "Fragen"',
        '{"reply": "0b3f",\n "text": "Hi"}',
    ],
)
def test_code_without_markup_is_recognized(code: str) -> None:
    assert shape(f"Do this:\n{code}\nThen it is done.") == [
        ("paragraph", "Do this:"),
        ("code", code),
        ("paragraph", "Then it is done."),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Import the module before you use it.",
        "Python is needed, and so is Django.",
        "Return it within thirty days.",
        "writes the request as JSON: the system prompt, the passages and the question.",
        "Make it a link, and it leads somewhere.",
        "The answer is a = b, as the table says.",
    ],
)
def test_sentences_are_not_code(sentence: str) -> None:
    assert shape(f"It begins.\n{sentence}") == [
        ("paragraph", "It begins." if sentence[0].isupper() else f"It begins. {sentence}"),
        *([("paragraph", sentence)] if sentence[0].isupper() else []),
    ]


def test_a_command_and_a_program_are_two_pieces_of_code() -> None:
    assert [kind for kind, _ in shape("pip install x\nfrom x import y\n\ny()")] == ["code"] * 2


@pytest.mark.parametrize("text", ["Tickets", "# Tickets"])
def test_a_text_that_is_only_a_heading_is_a_paragraph(text: str) -> None:
    assert shape(text) == [("paragraph", text)]


@pytest.mark.parametrize("text", ["", " \n", "\n\n"])
def test_blank_text_has_no_sections(text: str) -> None:
    assert sections(text) == []
