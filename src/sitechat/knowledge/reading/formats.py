"""Reading of texts and files of all supported formats."""

from __future__ import annotations

from pathlib import Path

from sitechat.knowledge.reading.blocks import Content, Unreadable
from sitechat.knowledge.reading.decoding import decode
from sitechat.knowledge.reading.html import read_fragment, read_html
from sitechat.knowledge.reading.markdown import read_markdown
from sitechat.knowledge.reading.office import MEDIA_TYPES, read_office
from sitechat.knowledge.reading.pdf import read_pdf
from sitechat.knowledge.reading.plain import read_plain
from sitechat.knowledge.reading.rst import read_rst

FORMATS = ("html", "page", "markdown", "rst", "plain", "pdf", *MEDIA_TYPES)
"""The names of the formats; see `read`."""
SUFFIXES = {
    ".html": "page", ".htm": "page", ".md": "markdown", ".markdown": "markdown",
    ".rst": "rst", ".pdf": "pdf", ".txt": "plain", **{f".{name}": name for name in MEDIA_TYPES},
}  # fmt: skip
"""The format of files, by suffix."""
MAX_SIZE = 5_000_000
"""Maximum size of a page or text in bytes, or in characters if it is a `str`."""
MAX_FILE_SIZE = 50_000_000
"""Maximum size in bytes of a file in a binary format, which may contain pictures."""
BINARY_FORMATS = ("pdf", *MEDIA_TYPES)


def read(data: str | bytes, format: str, charset: str = "") -> Content:
    """Read a text or file.

    Args:
        data: The text, or its bytes.
        format: "html" (a fragment), "page" (a whole page), "markdown", "rst", "plain", "pdf",
            "docx", "pptx", "xlsx", "odt" or "epub".
        charset: The encoding of bytes that the server declares, or "".

    Raises:
        Unreadable: The text can't be read. The message says what is wrong and what to do.
        MemoryError: The parser needs too much memory.
    """
    if format not in FORMATS:
        raise Unreadable(f"unknown format {format!r}: use one of {', '.join(FORMATS)}")
    if format in BINARY_FORMATS:
        if isinstance(data, str):
            raise Unreadable(f"a {format.upper()} must be bytes, not str")
        return read_pdf(data) if format == "pdf" else read_office(data, format)
    if len(data) > MAX_SIZE:
        raise Unreadable(f"too large: {len(data):,} bytes, the limit is {MAX_SIZE:,}")
    text = decode(data, charset, is_html=format == "page") if isinstance(data, bytes) else data
    if text.count("\0") > max(8, len(text) // 100):
        raise Unreadable("binary data, not text")
    content = {
        "html": read_fragment,
        "page": read_html,
        "markdown": read_markdown,
        "rst": read_rst,
        "plain": read_plain,
    }[format](text)
    if not content.title:
        content.title = next((block.text for block in content.blocks if block.level == 1), "")
    return content


def file_format(path: Path, format: str = "") -> str:
    """Return the format of a file: `format`, or by default the format of its suffix.

    Raises:
        Unreadable: `format` is empty, and the suffix is unknown.
    """
    format = format or SUFFIXES.get(path.suffix.lower(), "")
    if not format:
        raise Unreadable(
            f"unknown file type {path.suffix!r}: use one of {', '.join(SUFFIXES)}, or set the "
            "source's format"
        )
    return format


def file_data(path: Path, format: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        Unreadable: The file can't be opened, or is too large.
    """
    try:
        size = path.stat().st_size
        max_size = MAX_FILE_SIZE if format in BINARY_FORMATS else MAX_SIZE
        if size > max_size:
            raise Unreadable(f"too large: {size:,} bytes, the limit is {max_size:,}")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from error


def read_file(path: Path, format: str = "") -> Content:
    """Read a file in the given format, or by default in the format of its suffix.

    Raises:
        Unreadable: The file can't be read. The message says what is wrong and what to do.
    """
    format = file_format(path, format)
    return read(file_data(path, format), format)
