"""Reading of Markdown."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.blocks import Content
from sitechat.knowledge.reading.html import read_fragment

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n(?:---|\.\.\.)\s*\n", re.S)


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def read_markdown(text: str) -> Content:
    """Read a Markdown text, without its front matter.

    Raises:
        Unreadable: The text is nested too deeply.
    """
    return read_fragment(_markdown().render(_FRONT_MATTER.sub("", text)))
