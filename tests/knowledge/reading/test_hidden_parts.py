"""Tests that text which office programs and e-book readers hide is not read."""

from __future__ import annotations

import io
import zipfile

import pytest

from sitechat.knowledge.reading import Unreadable, read
from tests import office

pytest.importorskip("kreuzberg")

HIDDEN = {
    "docx": ("word/document.xml", b"<w:r>", b"<w:r><w:rPr><w:vanish/></w:rPr>"),
    "pptx": ("ppt/slides/slide1.xml", b"<p:sld ", b'<p:sld show="0" '),
    "xlsx": ("xl/workbook.xml", b"<sheet ", b'<sheet state="veryHidden" '),
}
FILES = {
    "docx": office.docx("Delivery", "We deliver walruses."),
    "pptx": office.pptx("Delivery", "We deliver walruses."),
    "xlsx": office.xlsx([["Animal", "Days"], ["Walruses", "2"]]),
}


def changed(document: bytes, name: str, old: bytes, new: bytes, **more: str) -> bytes:
    """Return a document with a change of one part, and with more parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file, zipfile.ZipFile(io.BytesIO(document)) as good:
        for part in good.namelist():
            data = good.read(part)
            assert part != name or old in data
            file.writestr(part, data.replace(old, new) if part == name else data)
        for added, text in more.items():
            file.writestr(added.replace("_", "."), text)
    return out.getvalue()


def words_of(document: bytes, format: str) -> str:
    try:
        return " ".join(block.text for block in read(document, format).blocks)
    except Unreadable as error:
        return str(error)


@pytest.mark.parametrize("format", HIDDEN)
def test_what_the_program_hides_is_left_out(format: str) -> None:
    assert "alrus" not in words_of(changed(FILES[format], *HIDDEN[format]), format)


OASIS = "urn:oasis:names:tc:opendocument:xmlns"
NAMES = (
    f'xmlns:office="{OASIS}:office:1.0" xmlns:text="{OASIS}:text:1.0" '
    f'xmlns:style="{OASIS}:style:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def style(name: str, display: str = "", parent: str = "", family: str = "paragraph") -> str:
    properties = f'<style:text-properties text:display="{display}"/>' if display else ""
    return (
        f'<style:style style:name="{name}" style:family="{family}" '
        f'style:parent-style-name="{parent}">{properties}</style:style>'
    )


def odt(body: str, styles: str = "", named_styles: str = "") -> str:
    """Return the words of an OpenDocument text."""
    content = (
        f"<office:document-content {NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    document = office.odt("Delivery", "We deliver walruses.")
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        old = file.read("content.xml")
    return words_of(
        changed(
            document,
            "content.xml",
            old,
            content.encode(),
            styles_xml=f"<office:document-styles {NAMES}><office:styles>{named_styles}"
            "</office:styles></office:document-styles>",
        ),
        "odt",
    )


@pytest.mark.parametrize(
    "body",
    [
        '<text:section text:name="s" text:display="none"><text:p>Secret</text:p></text:section>',
        (
            '<text:section text:display="condition" text:is-hidden="true"><text:p>Secret</text:p>'
            "</text:section>"
        ),
        '<text:p>Secret<text:hidden-paragraph text:is-hidden="true"/></text:p>',
        '<text:p>Some <text:hidden-text text:is-hidden="true">Secret</text:hidden-text></text:p>',
        '<text:p text:style-name="Hidden">Secret</text:p>',
        '<text:h text:outline-level="1" text:style-name="Inner">Secret</text:h>',
        '<text:p>Some <text:span text:style-name="Span">Secret</text:span> walruses</text:p>',
        '<text:p>Some <text:span text:style-name="Span">Secret</text:span></text:p>',
        (
            "<text:tracked-changes><text:changed-region><text:deletion><text:p>Secret</text:p>"
            "</text:deletion></text:changed-region></text:tracked-changes>"
        ),
        (
            "<text:p>Some<office:annotation><dc:creator>Ann</dc:creator><text:p>Secret</text:p>"
            "</office:annotation> walruses</text:p>"
        ),
    ],
)
def test_hidden_text_of_an_odt_is_left_out(body: str) -> None:
    text = odt(
        f"<text:p>Before</text:p>{body}<text:p>After</text:p>",
        style("Inner", parent="Hidden") + style("Span", "none", family="text"),
        style("Hidden", "none"),
    )
    assert "Secret" not in text
    assert "Before" in text
    assert "After" in text
    assert ("Some" in text, "walruses" in text) == ("Some" in body, "walruses" in body)


@pytest.mark.parametrize(
    "body",
    [
        '<text:section text:name="s" text:display="true"><text:p>Shown</text:p></text:section>',
        '<text:p>Shown<text:hidden-paragraph text:is-hidden="false"/></text:p>',
        '<text:p text:style-name="Shown">Shown</text:p>',
        '<text:p text:style-name="Span">Shown</text:p>',
        '<text:p text:style-name="Loop">Shown</text:p>',
    ],
)
def test_other_text_of_an_odt_is_read(body: str) -> None:
    assert "Shown" in odt(
        body,
        style("Shown", "true", parent="Hidden")
        + style("Span", "none", family="text")
        + style("Loop", parent="Loop"),
        style("Hidden", "none"),
    )


STYLESHEET = """
@import "other.css"; /* .shown { display: none } */
@media amzn-kf8 { .kindle { display: none } p { color: red } }
.secret, p.note { display: none }
#draft { visibility: hidden; }
.later { display: none } .later { display: block }
.deep .shown { display: none }
"""


def epub(body: str) -> str:
    """Return the words of an e-book."""
    page = f'<link rel="stylesheet" href="s.css"/></head><body>{body}'.encode()
    document = office.epub("The book", "Delivery", "We deliver walruses.")
    return words_of(changed(document, "c.xhtml", b"</head><body>", page, s_css=STYLESHEET), "epub")


@pytest.mark.parametrize(
    "body",
    [
        "<div hidden='hidden'><p>Secret</p></div>",
        "<p style='DISPLAY: none'>Secret</p>",
        "<p>Some <span style='visibility:hidden'>Secret</span> text</p>",
        "<p class='big secret'>Secret</p>",
        "<p class='note'>Secret</p>",
        "<p id='draft'>Secret</p>",
        "<style>.x { display: none }</style><p class='x'>Secret</p>",
    ],
)
def test_hidden_elements_of_an_e_book_are_left_out(body: str) -> None:
    text = epub(f"{body}<p>After&nbsp;that&mdash;more</p>")
    assert "Secret" not in text
    assert "After that\u2014more" in text.replace("\xa0", " ")
    assert "We deliver walruses." in text


@pytest.mark.parametrize("name", ["shown", "kindle", "later", "note"])
def test_other_elements_of_an_e_book_are_read(name: str) -> None:
    assert "Shown" in epub(f"<div class='{name}'>Shown</div><p hidden='hidden'>Secret</p>")
