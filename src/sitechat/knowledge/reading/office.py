"""Reading of office documents and e-books."""

from __future__ import annotations

from sitechat.knowledge.reading.blocks import Content, Unreadable
from sitechat.knowledge.reading.markdown import read_markdown
from sitechat.knowledge.reading.office_hidden import without_hidden_parts

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
}
"""The media type of each format."""


def read_office(data: bytes, format: str) -> Content:
    """Read a document in one of the formats of `MEDIA_TYPES`.

    Raises:
        Unreadable: The document is not valid or has no text, or kreuzberg is not installed.
        MemoryError: The parser needs too much memory.
    """
    try:
        import kreuzberg
    except ImportError:
        raise Unreadable(
            f"{format} needs kreuzberg: pip install 'django-sitechat[files]'"
        ) from None
    config = kreuzberg.ExtractionConfig(output_format="markdown")
    try:
        shown = without_hidden_parts(data, format)
        result = kreuzberg.extract_bytes_sync(shown, MEDIA_TYPES[format], config)
    except MemoryError:
        raise
    except Exception as error:  # kreuzberg may raise any exception for broken files
        raise Unreadable(f"not a readable {format}: {type(error).__name__}: {error}") from error
    content = read_markdown(result.content)
    title = (result.metadata or {}).get("title")
    content.title = title.strip() if isinstance(title, str) else ""
    if not content.blocks:
        raise Unreadable(f"this {format} contains no text")
    return content
