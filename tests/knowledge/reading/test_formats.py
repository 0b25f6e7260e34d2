"""Tests of reading HTML, Markdown, reStructuredText and PDF."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from time import thread_time
from typing import Any

import pytest

from sitechat.knowledge.reading import Block, Unreadable
from sitechat.knowledge.reading.child_limits import DocumentBudget, read_document
from sitechat.knowledge.reading.documents import Draft
from sitechat.knowledge.reading.formats import MAX_SIZE, read, read_file

PAGE = """<!doctype html><html lang="de"><head><title>Versand - Laden</title></head><body>
<nav><a href="/">Start</a></nav><header><h1>Mein Laden</h1></header>
{open}<h1>Versand</h1><p>Wir liefern <b>überall</b> hin,<br>in 3 Tagen.</p>
<h2>Kosten &amp; Zeit<a class="headerlink" href="#k">¶</a></h2><ul><li>EU: 5 €<li>US: 9 €</ul>
<table><tr><th>Land<th>Tage<tr><td>FR<td>2</table>
<pre>code   here
  indented</pre><form><input name=q><button>Los</button></form><script>evil()</script>{close}
<aside>Werbung</aside><footer>Impressum</footer></body></html>"""
TEXT = [
    Block("Versand", 1),
    Block("Wir liefern überall hin,"),
    Block("in 3 Tagen."),
    Block("Kosten & Zeit", 2),
    Block("- EU: 5 €"),
    Block("- US: 9 €"),
    Block("Land | Tage"),
    Block("FR | 2"),
    Block("code   here\n  indented"),
]


@pytest.mark.parametrize(
    ("open_tag", "close_tag"),
    [
        ("<main>", "</main>"),
        ('<div role="main">', "</div>"),
        ("<article>", "</article>"),
    ],
)
def test_only_the_marked_main_text_is_read(open_tag: str, close_tag: str) -> None:
    content = read(PAGE.format(open=open_tag, close=close_tag), "page")
    assert content.blocks == TEXT
    assert content.title == "Versand - Laden"
    assert content.language == "de"


def test_without_a_marked_main_text_the_frame_of_the_site_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "resiliparse", None)
    content = read(PAGE.format(open="<div>", close="</div>"), "page")
    assert content.blocks == TEXT


def test_resiliparse_finds_the_main_text_if_it_is_installed() -> None:
    pytest.importorskip("resiliparse")
    body = "".join(f"<p>Paragraph {n} says what there is to say about shipping.</p>" for n in "123")
    content = read(
        f"<div class='navbar'><a href=/>Home</a></div><div><h2>Costs</h2>{body}</div>",
        "page",
    )
    assert Block("Costs", 2) in content.blocks
    assert not any("Home" in block.text for block in content.blocks)


@pytest.mark.parametrize("value", ["noindex", "NOINDEX, follow", "none"])
def test_noindex_is_recognized(value: str) -> None:
    assert read(f'<meta name="robots" content="{value}"><p>Secret</p>', "page").noindex


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "   ",
        "<",
        "<p>open <b>never closed <table><tr>",
        "</p></div>plain",
        "<!-- only a comment -->",
        "\x01\x02 text",
        "<div>" * 3000 + "deep" + "</div>" * 3000,
    ],
)
def test_broken_html_raises_only_unreadable(broken: str) -> None:
    for format in ("html", "page"):
        try:
            content = read(broken, format)
        except Unreadable:
            continue
        assert all(block.text for block in content.blocks)


@pytest.mark.long
def test_a_row_of_any_width_is_read() -> None:
    cells = 40_000
    began = thread_time()
    content = read(f"<main><table><tr>{'<td>a<td> ' * cells}</table></main>", "page")
    assert content.blocks[0].text.count("a") == cells
    assert thread_time() - began < 10, "it took more when every cell looked at the whole row"


def test_cells_are_separated_except_empty_ones_at_the_start() -> None:
    row = "<tr><td> <td>\n<th>Days<td> <td><b>2</b> or 3<td>"
    assert read(f"<table>{row}</table>", "html").blocks == [Block("Days | | 2 or 3 |")]


def test_markdown() -> None:
    content = read(
        "---\ntitle: x\n---\n# Top\n\nSome *text*.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "markdown"
    )
    assert content.title == "Top"
    assert content.blocks == [
        Block("Top", 1),
        Block("Some text."),
        Block("a | b"),
        Block("1 | 2"),
    ]


def test_restructuredtext_written_for_sphinx_keeps_its_text() -> None:
    pytest.importorskip("docutils")
    text = """
===
Top
===

See :doc:`/topics/foo`, :ref:`a title <bar>` and :class:`~app.models.Model`.

.. toctree::

   other

.. versionadded:: 3.1

    New thing here.

.. include:: /etc/passwd

.. raw:: html

   <script>evil()</script>

Below
-----

Bad *markup
"""
    texts = [block.text for block in read(text, "rst").blocks]
    assert "See /topics/foo, a title and Model." in texts
    assert "New thing here." in texts
    assert "Bad *markup" in texts
    assert not any("evil" in text or "root:" in text or "other" in text for text in texts)


def test_reading_restructuredtext_does_not_change_docutils_of_the_site() -> None:
    pytest.importorskip("docutils")
    from docutils.parsers.rst import directives
    from docutils.parsers.rst.languages import get_language
    from docutils.utils import new_document

    budget = DocumentBudget(seconds=20, megabytes=256, wall=60)
    reading = read_document(Draft(".. strange:: x\n\n   y\n\n:odd:`z`", "rst"), budget)
    assert "y" in reading.passages[0].text
    english: Any = get_language("en")
    assert directives.directive("strange", english, new_document(""))[0] is None


def _pdf(text: str) -> bytes:
    stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(offsets) + 1, start))
    return out.getvalue()


def test_pdf(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    file = tmp_path / "a.pdf"
    file.write_bytes(_pdf("Opening hours"))
    assert [block.text for block in read_file(file).blocks] == ["Opening hours"]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4 nonsense", b"\x00\xff" * 500])
def test_a_broken_pdf_is_reported(data: bytes) -> None:
    pytest.importorskip("pypdf")
    with pytest.raises(Unreadable, match="not a readable PDF"):
        read(data, "pdf")


def test_a_pdf_without_text_is_reported() -> None:
    pytest.importorskip("pypdf")
    with pytest.raises(Unreadable, match="contains no text"):
        read(_pdf(""), "pdf")


def test_large_binary_and_unknown_files_are_reported(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="too large"):
        read("x" * (MAX_SIZE + 1), "html")
    with pytest.raises(Unreadable, match="binary"):
        read(b"\x00\x01\x02" * 100, "plain")
    with pytest.raises(Unreadable, match="use one of html, page, markdown"):
        read("x", "doc")
    with pytest.raises(Unreadable, match="unknown file type"):
        read_file(tmp_path / "a.doc")
    with pytest.raises(Unreadable, match="cannot be opened"):
        read_file(tmp_path / "missing.md")
