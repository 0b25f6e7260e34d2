"""Reading of plain text."""

from __future__ import annotations

import re

from sitechat.knowledge.reading.blocks import Block, Content


def read_plain(text: str) -> Content:
    """Read a text in which empty lines separate paragraphs."""
    parts = re.split(r"\n\s*\n", text)
    return Content(blocks=[Block(part.strip()) for part in parts if part.strip()])
