"""Reading of documents: from their bytes to passages, title and language."""

from __future__ import annotations

from dataclasses import dataclass, field

from sitechat.knowledge.reading.blocks import Block
from sitechat.knowledge.reading.formats import read
from sitechat.knowledge.reading.passages import PassageDraft, cut_passages
from sitechat.knowledge.text.invisible_characters import without_invisible
from sitechat.safe_text import storable

_MAX_TITLE_LENGTH = 500
_MAX_PASSAGES = 2000  # per document; an average one has about ten


@dataclass(frozen=True)
class Draft:
    """A document before it is read."""

    data: str | bytes
    format: str
    charset: str = ""
    title: str = ""
    """The title that the source sets. It takes precedence over the document's own title."""
    fallback_title: str = ""
    """The title if the document has none."""


@dataclass(frozen=True)
class Reading:
    """The content of a document that was read."""

    title: str = ""
    has_own_title: bool = False
    """Whether `title` is the document's own title and differs from its heading."""
    heading: str = ""
    """The first heading of the first level, or ""."""
    language: str = ""
    """The language that the document declares, or ""."""
    noindex: bool = False
    passages: list[PassageDraft] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    """The headings of the document, at most 2,000."""


def read_draft(draft: Draft) -> Reading:
    """Read a document in this process, without limits. See `child_limits.read_document`.

    Raises:
        Unreadable: The document can't be read. The message says what is wrong and what to do.
        MemoryError: The parser needs too much memory.
    """
    content = read(draft.data, draft.format, draft.charset)
    source_title, own_title = _clean(draft.title), _clean(content.title)[:_MAX_TITLE_LENGTH]
    title = (source_title or own_title or _clean(draft.fallback_title))[:_MAX_TITLE_LENGTH]
    blocks = [Block(_clean(block.text), block.level) for block in content.blocks]
    heading = next((block.text for block in blocks if block.level == 1), "")[:_MAX_TITLE_LENGTH]
    return Reading(
        title=title,
        has_own_title=bool(own_title) and not source_title and own_title != heading,
        heading=heading,
        language=_clean(content.language),
        noindex=content.noindex,
        passages=cut_passages(blocks, title)[:_MAX_PASSAGES],
        headings=[block.text for block in blocks if block.level][:_MAX_PASSAGES],
    )


def _clean(text: str) -> str:
    return without_invisible(storable(text))
