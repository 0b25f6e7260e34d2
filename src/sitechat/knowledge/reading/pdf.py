"""Reading of PDF files."""

from __future__ import annotations

import io

from sitechat.knowledge.reading.blocks import Content, Unreadable
from sitechat.knowledge.reading.plain import read_plain

_MAX_PAGES = 1000


def read_pdf(data: bytes) -> Content:
    """Read a PDF file, with a block for each paragraph of a page.

    Raises:
        Unreadable: The file can't be read, has over 1,000 pages or no text, or pypdf is missing.
    """
    try:
        from pypdf import PdfReader
    except ImportError:
        raise Unreadable("PDF needs pypdf: pip install 'django-sitechat[files]'") from None
    content = Content()
    try:
        reader = PdfReader(io.BytesIO(data))
        if len(reader.pages) > _MAX_PAGES:
            raise Unreadable(f"too long: {len(reader.pages)} pages, the limit is {_MAX_PAGES}")
        content.title = str((reader.metadata and reader.metadata.title) or "").strip()
        for page in reader.pages:
            content.blocks += read_plain(page.extract_text()).blocks
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # pypdf raises any exception for broken files
        raise Unreadable(f"not a readable PDF: {type(error).__name__}: {error}") from error
    if not content.blocks:
        raise Unreadable("this PDF contains no text, perhaps only scanned images")
    return content
