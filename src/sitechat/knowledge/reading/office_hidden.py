"""Removal of hidden parts of office documents and e-books, such as hidden sheets."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable

from sitechat.knowledge.reading.epub_hidden import without_hidden_elements
from sitechat.knowledge.reading.odt_hidden import without_hidden_text

_MAX_PART_SIZE = 50_000_000  # bytes of XML; larger parts are not changed
_HIDDEN_SHEET = re.compile(
    rb"""<(?:\w+:)?sheet\s(?=[^>]*\bstate\s*=\s*["'](?:hidden|veryHidden)["'])[^>]*?/>"""
)
_HIDDEN_SLIDE = re.compile(rb"""<p:sld\b[^>]*\bshow\s*=\s*["'](?:0|false)["']""")
_SLIDE_TEXT = re.compile(rb"(<a:t\b[^>]*>)[^<]*(</a:t>)")
_RUN = re.compile(rb"<w:r(?:\s[^>]*)?>(?:(?!<w:r[\s>]).)*?</w:r>", re.S)
"""A run of a Word document: a piece of text with the same format."""
_VANISH = re.compile(rb"""<w:(?:vanish|webHidden)(?:\s+w:val\s*=\s*["'](?:1|true|on)["'])?\s*/>""")
"""The format of hidden text in a Word document."""


def without_hidden_parts(data: bytes, format: str) -> bytes:
    """Return a document without its hidden parts; the same bytes if it has none or is broken."""
    change = _CHANGES.get(format)
    if change is None:
        return data
    name, replace = change
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            changed: dict[str, bytes] = {}
            for part in archive.infolist():
                if name.fullmatch(part.filename) and part.file_size <= _MAX_PART_SIZE:
                    old = archive.read(part)
                    new = replace(old, archive, part.filename)
                    if new != old:
                        changed[part.filename] = new
            return _with_changed_parts(archive, changed) if changed else data
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError):
        return data  # the parser will report the error


def _with_changed_parts(archive: zipfile.ZipFile, changed: dict[str, bytes]) -> bytes:
    """Return a document with changed parts, and with empty pictures to save time."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for part in archive.infolist():
            is_picture = "/media/" in part.filename
            copy.writestr(
                part.filename,
                changed.get(part.filename) or (b"" if is_picture else archive.read(part)),
            )
    return output.getvalue()


def _without_hidden_sheets(workbook: bytes, archive: zipfile.ZipFile, name: str) -> bytes:
    return _HIDDEN_SHEET.sub(b"", workbook)


def _without_hidden_slide(slide: bytes, archive: zipfile.ZipFile, name: str) -> bytes:
    return _SLIDE_TEXT.sub(rb"\1\2", slide) if _HIDDEN_SLIDE.search(slide[:4000]) else slide


def _without_vanished_text(document: bytes, archive: zipfile.ZipFile, name: str) -> bytes:
    if b"<w:vanish" not in document and b"<w:webHidden" not in document:
        return document
    return _RUN.sub(lambda run: b"" if _VANISH.search(run[0]) else run[0], document)


_Change = Callable[[bytes, zipfile.ZipFile, str], bytes]
"""A function that returns a part without hidden text, given the part, its document and its name."""

# By format: the names of the parts to change, and the function that changes them.
_CHANGES: dict[str, tuple[re.Pattern[str], _Change]] = {
    "xlsx": (re.compile(r"xl/workbook\.xml"), _without_hidden_sheets),
    "pptx": (re.compile(r"ppt/slides/slide\d+\.xml"), _without_hidden_slide),
    "docx": (re.compile(r"word/document\.xml"), _without_vanished_text),
    "odt": (re.compile(r"content\.xml"), without_hidden_text),
    "epub": (re.compile(r".+\.x?html?", re.I), without_hidden_elements),
}
