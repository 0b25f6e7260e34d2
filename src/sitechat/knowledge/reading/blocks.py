"""The content of a page as blocks of text, independent of the page's format."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Block:
    """A heading (level 1 to 6) or a piece of text (level 0), such as a paragraph or a list item."""

    text: str
    level: int = 0


@dataclass
class Content:
    """The content of a page."""

    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    """The title that the page declares, or else its first main heading, or ""."""
    language: str = ""
    """The language that the page declares, or ""."""
    noindex: bool = False
    """Whether the page says noindex."""


class Unreadable(Exception):
    """A page or file that can't be read. The message is for the site's owner and says why."""
