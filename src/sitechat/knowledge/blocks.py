"""What a page's text is made of, whatever format it was written in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Block:
    """A heading (level 1 to 6) or a piece of text (level 0), such as a paragraph or a list item."""

    text: str
    level: int = 0


@dataclass
class Content:
    """What was read from a page.

    `noindex` says that the page asks not to be found.
    """

    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    language: str = ""
    noindex: bool = False


class Unreadable(Exception):
    """A page or file that can't be read; the message says why, for the owner of the site."""
