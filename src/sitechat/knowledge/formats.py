"""Texts and files of every format that can be read, to blocks."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .blocks import Block, Content, Unreadable
from .html import read_fragment, read_html

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

FORMATS = ("html", "page", "markdown", "rst", "plain", "pdf")
SUFFIXES = {
    ".html": "page", ".htm": "page", ".md": "markdown", ".markdown": "markdown",
    ".rst": "rst", ".pdf": "pdf", ".txt": "plain",
}  # fmt: skip
LARGEST = 5_000_000
"""Bytes: a page or text larger than this is not read; no person would either."""
LARGEST_PDF = 50_000_000
_PDF_PAGES = 1000
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n(?:---|\.\.\.)\s*\n", re.S)


def read(data: str | bytes, format: str) -> Content:
    """Read a text: "html" (a fragment), "page" (a whole page), "markdown", "rst", "plain", "pdf".

    Raises `Unreadable`, with what is wrong and what to do.
    """
    if format not in FORMATS:
        raise Unreadable(f"unknown format {format!r}: use one of {', '.join(FORMATS)}")
    if format == "pdf":
        if isinstance(data, str):
            raise Unreadable("a PDF is bytes, not text")
        return _read_pdf(data)
    if len(data) > LARGEST:
        raise Unreadable(f"too large: {len(data):,} bytes, the most is {LARGEST:,}")
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    if text.count("\0") > max(8, len(text) // 100):
        raise Unreadable("binary data, not text")
    content = {
        "html": read_fragment,
        "page": read_html,
        "markdown": _read_markdown,
        "rst": _read_rst,
        "plain": _read_plain,
    }[format](text)
    if not content.title:
        content.title = next((block.text for block in content.blocks if block.level == 1), "")
    return content


def read_file(path: Path, format: str = "") -> Content:
    """Read a file as a format, by default its suffix's; raises `Unreadable`."""
    format = format or SUFFIXES.get(path.suffix.lower(), "")
    if not format:
        raise Unreadable(
            f"unknown file type {path.suffix!r}: use one of {', '.join(SUFFIXES)}, or set the "
            "source's format"
        )
    try:
        size = path.stat().st_size
        largest = LARGEST_PDF if format == "pdf" else LARGEST
        if size > largest:
            raise Unreadable(f"too large: {size:,} bytes, the most is {largest:,}")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from error
    return read(data, format)


def _read_plain(text: str) -> Content:
    return Content(
        blocks=[Block(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    )


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _read_markdown(text: str) -> Content:
    return read_fragment(_markdown().render(_FRONT_MATTER.sub("", text)))


def _read_rst(text: str) -> Content:
    from .restructuredtext import to_html

    return read_fragment(to_html(text))


def _read_pdf(data: bytes) -> Content:
    try:
        from pypdf import PdfReader
    except ImportError:
        raise Unreadable("PDF needs pypdf: pip install 'django-sitechat[files]'") from None
    content = Content()
    try:
        reader = PdfReader(io.BytesIO(data))
        if len(reader.pages) > _PDF_PAGES:
            raise Unreadable(f"too long: {len(reader.pages)} pages, the most is {_PDF_PAGES}")
        content.title = str((reader.metadata and reader.metadata.title) or "").strip()
        for page in reader.pages:
            content.blocks += _read_plain(page.extract_text()).blocks
    except Unreadable:
        raise
    except Exception as error:  # pypdf raises whatever a broken file makes it trip over
        raise Unreadable(f"not a readable PDF: {type(error).__name__}: {error}") from error
    if not content.blocks:
        raise Unreadable("this PDF holds no text, perhaps only scanned pictures")
    return content
