"""Extraction of text from pages and files: a parser per format yields blocks, cut into passages.

`child_limits` reads a document in a child process, which calls `documents`. There, `formats`
chooses the parser, and `passages` cuts the blocks.

Only `child_limits` reads a setting, and nothing uses the database, so that the package can be tried
on any text. It imports `text`. The first document of a format imports its parser.
"""

from __future__ import annotations

from sitechat.knowledge.reading.blocks import Block, Content, Unreadable
from sitechat.knowledge.reading.formats import read, read_file
from sitechat.knowledge.reading.passages import PassageDraft, cut_passages

__all__ = ["Block", "Content", "PassageDraft", "Unreadable", "cut_passages", "read", "read_file"]
